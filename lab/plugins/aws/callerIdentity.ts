import type { Lookup } from "../handler.ts";
import { configured } from "./client.ts";
import { onlyServed } from "./filters.ts";

const answerTimeoutMs = 30_000;

/** `aws.getCallerIdentity`: the account that the credentials belong to, asked of STS. */
export const getCallerIdentity: Lookup = async (args, call) => {
  onlyServed("getCallerIdentity", args, ["id"]);
  const text = await ask(call.signal);
  const accountId = element(text, "Account");
  return {
    accountId,
    arn: element(text, "Arn"),
    id: accountId,
    userId: element(text, "UserId"),
  };
};

/** One call does not need a client of its own. Signed in form only: no emulator looks closer. */
async function ask(cancelled: AbortSignal): Promise<string> {
  const { stsEndpoint, accessKeyId, region } = configured();
  const what = "reading STS Caller Identity: operation error STS: GetCallerIdentity";
  if (!stsEndpoint)
    throw new Error(
      `${what}: aws:endpoints names no address for it, and the lab's plugin only speaks to an ` +
        "emulator. Write [{ec2: http://127.0.0.1:<port>, sts: http://127.0.0.1:<port>}]; " +
        "LAB_PLUGINS=official runs the official plugin",
    );
  const now = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${accessKeyId}/${now.slice(0, 8)}/${region}/sts/aws4_request`;
  let response: Response;
  let text: string;
  try {
    response = await fetch(stsEndpoint, {
      method: "POST",
      headers: {
        authorization:
          `AWS4-HMAC-SHA256 Credential=${scope}, ` + "SignedHeaders=host;x-amz-date, Signature=lab",
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "x-amz-date": now,
      },
      body: new URLSearchParams({ Action: "GetCallerIdentity", Version: "2011-06-15" }),
      signal: AbortSignal.any([cancelled, AbortSignal.timeout(answerTimeoutMs)]),
    });
    text = await response.text();
  } catch (error) {
    const { message, cause } = error as Error;
    throw new Error(`${what}: ${stsEndpoint}: ${cause instanceof Error ? cause.message : message}`);
  }
  if (!response.ok)
    throw new Error(
      `${what}, https response error StatusCode: ${response.status}, api error ` +
        `${element(text, "Code")}: ${element(text, "Message")}`,
    );
  return text;
}

function element(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}
