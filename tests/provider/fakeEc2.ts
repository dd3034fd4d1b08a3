import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/**
 * One call as it came in: the action, and its parameters by EC2's own names
 * (`NetworkInterface.1.DeviceIndex`).
 */
export interface Ec2Call {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
}
/** The inside of an answer's XML, or an EC2 error. */
export type Ec2Answer = string | { readonly code: string; readonly message: string };
export type Ec2Script = Record<string, Ec2Answer | ((call: Ec2Call) => Ec2Answer)>;

/**
 * An endpoint that answers EC2's Query API from a script, action by action, and remembers what it
 * was asked.
 */
export interface FakeEc2 {
  readonly endpoint: string;
  readonly calls: Ec2Call[];
  script: Ec2Script;
  /** The actions asked for so far, in order. */
  actions(): string[];
  close(): Promise<void>;
}

export async function startFakeEc2(): Promise<FakeEc2> {
  const calls: Ec2Call[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const {
      Action: action = "",
      Version: _version,
      ...parameters
    } = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
    calls.push({ action, parameters });
    const scripted = fake.script[action] ?? {
      code: "InvalidAction",
      message: `The action ${action} is not in this test's script.`,
    };
    const answer = typeof scripted === "function" ? scripted({ action, parameters }) : scripted;
    response.writeHead(typeof answer === "string" ? 200 : 400, {
      "content-type": "text/xml",
      "x-amzn-requestid": "req-1",
    });
    response.end(
      typeof answer === "string"
        ? `<${action}Response ` +
            `xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>req-1</requestId>${answer}</${action}Response>`
        : `<Response><Errors><Error><Code>${answer.code}</Code><Message>${answer.message}</Message></Error></Errors><RequestID>req-1</RequestID></Response>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const fake: FakeEc2 = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    script: {},
    actions: () => calls.map(({ action }) => action),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return fake;
}

/**
 * The configuration that points the aws plugin at an endpoint, as the engine sends it: what is no
 * string comes as JSON.
 */
export function ec2Config(
  endpoint: string,
  more: Record<string, string> = {},
): Record<string, string> {
  return {
    region: "us-east-1",
    accessKey: "lab",
    secretKey: "lab-secret-key",
    maxRetries: "0",
    endpoints: JSON.stringify([{ ec2: endpoint }]),
    ...more,
  };
}
