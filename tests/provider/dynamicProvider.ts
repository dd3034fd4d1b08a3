/**
 * Runs a dynamic resource's provider the way the engine does: the provider as text, in the SDK's
 * own dynamic-provider process, called over gRPC. What only works inside this process (a captured
 * import, a class) fails here as it would in a real `up`.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { brotliCompressSync } from "node:zlib";
import grpc from "@grpc/grpc-js";
import * as pulumi from "@pulumi/pulumi";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import status from "@pulumi/pulumi/proto/status_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";

type Values = Record<string, unknown>;

/** What an update that fails rejects with. */
export interface FailedUpdate extends Error {
  /** What the state holds afterwards, when that is not what it held before. */
  readonly outputs?: Values;
}

export interface DynamicProvider {
  /** The provider as it stands in the state. */
  readonly text: string;
  create(inputs: Values): Promise<{ id: string; outputs: Values }>;
  diff(olds: Values, news: Values): Promise<boolean>;
  /** Inputs for whose change it is replaced. */
  replaces(olds: Values, news: Values): Promise<string[]>;
  check(olds: Values, news: Values): Promise<{ property: string; reason: string }[]>;
  /** Outputs after an update. Rejects with a FailedUpdate. */
  update(olds: Values, news: Values): Promise<Values>;
  /** Id and outputs after a refresh. */
  read(id: string, outputs: Values): Promise<{ id: string; outputs: Values }>;
  delete(id: string, outputs: Values): Promise<void>;
  /** What the provider printed so far. */
  printed(): string;
  close(): void;
}

/**
 * Registers a resource under mocks to get its provider's text, and starts that provider. The
 * stack's configuration reaches it as the engine hands it over: all of it, as text, and what the
 * stack file holds encrypted with the mark of a secret (lab/plugins/values.ts makes one). Values
 * with a provider's text of their own (`__provider`) are handled by that one.
 */
export async function startDynamicProvider(
  make: () => pulumi.Resource,
  config: Values = {},
): Promise<DynamicProvider> {
  const text = await serialised(make);
  const sent = shortened(text);
  const main = createRequire(import.meta.url).resolve(
    "@pulumi/pulumi/cmd/dynamic-provider/index.js",
  );
  const child = spawn(process.execPath, [main, "127.0.0.1:1"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stderr.on("data", (d: Buffer) => {
    out += d.toString();
  });
  const port = await new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (d: Buffer) => {
      out += d.toString();
      const line = /^(\d+)\n/.exec(out);
      if (line?.[1]) resolve(line[1]);
    });
    child.on("exit", (code) =>
      reject(new Error(`the dynamic provider ended with ${code}: ${out}`)),
    );
  });
  const client = new services.ResourceProviderClient(
    `127.0.0.1:${port}`,
    grpc.credentials.createInsecure(),
  );
  const props = (values: Values) =>
    struct.Struct.fromJavaScript(JSON.parse(JSON.stringify({ __provider: sent, ...values })));
  const plain = (s: InstanceType<typeof struct.Struct> | undefined): Values => {
    const { __provider: _, ...rest } = s?.toJavaScript() ?? {};
    return rest;
  };
  /** The engine finds outputs of something half done in an error's metadata. */
  const partialOf = ({ metadata }: grpc.ServiceError): { outputs?: Values } => {
    const [bytes] = metadata.get("grpc-status-details-bin");
    const [detail] = bytes ? status.Status.deserializeBinary(bytes as Buffer).getDetailsList() : [];
    if (!detail) return {};
    const failed = provider.ErrorResourceInitFailed.deserializeBinary(detail.getValue_asU8());
    return { outputs: plain(failed.getProperties()) };
  };
  const call = <Reply>(method: string, request: unknown): Promise<Reply> =>
    new Promise((resolve, reject) => {
      const methods = client as unknown as Record<
        string,
        (request: unknown, done: (error: grpc.ServiceError | null, reply: Reply) => void) => void
      >;
      methods[method]?.call(client, request, (error, reply) => {
        const end = () =>
          error
            ? reject(Object.assign(new Error(error.details), partialOf(error)))
            : resolve(reply);
        // What it printed before is in the pipe by now, and is read in the next turn of the loop.
        setImmediate(() => setImmediate(end));
      });
    });
  const differing = (olds: Values, news: Values) => {
    const request = new provider.DiffRequest();
    request.setOlds(props(olds));
    request.setNews(props(news));
    return call<InstanceType<typeof provider.DiffResponse>>("diff", request);
  };
  const configuration = new provider.ConfigureRequest();
  configuration.setArgs(struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(config))));
  await call("configure", configuration);
  return {
    text,
    async create(inputs) {
      const request = new provider.CreateRequest();
      request.setProperties(props(inputs));
      const reply = await call<InstanceType<typeof provider.CreateResponse>>("create", request);
      return { id: reply.getId(), outputs: plain(reply.getProperties()) };
    },
    async diff(olds, news) {
      const { DIFF_SOME } = provider.DiffResponse.DiffChanges;
      return (await differing(olds, news)).getChanges() === DIFF_SOME;
    },
    async replaces(olds, news) {
      return (await differing(olds, news)).getReplacesList();
    },
    async check(olds, news) {
      const request = new provider.CheckRequest();
      request.setOlds(props(olds));
      request.setNews(props(news));
      return (await call<InstanceType<typeof provider.CheckResponse>>("check", request))
        .getFailuresList()
        .map((f) => ({ property: f.getProperty(), reason: f.getReason() }));
    },
    async update(olds, news) {
      const request = new provider.UpdateRequest();
      request.setOlds(props(olds));
      request.setNews(props(news));
      return plain(
        (
          await call<InstanceType<typeof provider.UpdateResponse>>("update", request)
        ).getProperties(),
      );
    },
    async read(id, outputs) {
      const request = new provider.ReadRequest();
      request.setId(id);
      request.setProperties(props(outputs));
      const reply = await call<InstanceType<typeof provider.ReadResponse>>("read", request);
      const read = reply.getProperties();
      if (read?.toJavaScript().__provider !== sent)
        throw new Error("the provider's text is gone after a refresh");
      return { id: reply.getId(), outputs: plain(read) };
    },
    async delete(id, outputs) {
      const request = new provider.DeleteRequest();
      request.setId(id);
      request.setProperties(props(outputs));
      await call("delete", request);
    },
    printed: () => out,
    close() {
      client.close();
      child.kill();
    },
  };
}

/** Node's HTTP/2 takes 64 KiB of one header, and a failure brings the text in one, as base64. */
const longText = 30_000;

/** The same text, as one that unpacks itself where it is too long for this client. */
function shortened(text: string): string {
  if (text.length < longText) return text;
  const packed = brotliCompressSync(text).toString("base64");
  const unpacked = `require("node:zlib").brotliDecompressSync(Buffer.from("${packed}", "base64"))`;
  return `module._compile(${unpacked}.toString(), module.filename);`;
}

async function serialised(make: () => pulumi.Resource): Promise<string> {
  let text: unknown;
  await pulumi.runtime.setMocks({
    newResource: (args) => {
      text = args.inputs.__provider;
      return { id: "mock", state: args.inputs };
    },
    call: (args) => args.inputs,
  });
  // A resource that cannot be serialised never gets a URN; its error arrives as an unhandled
  // rejection.
  await new Promise((resolve, reject) => {
    process.once("unhandledRejection", reject);
    make().urn.apply(resolve);
  });
  if (typeof text !== "string")
    throw new Error(`the resource carries no provider text (got ${typeof text})`);
  return text;
}
