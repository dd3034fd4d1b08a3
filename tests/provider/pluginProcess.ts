import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { once } from "node:events";
import * as os from "node:os";
import * as path from "node:path";
import { credentials, Server, ServerCredentials } from "@grpc/grpc-js";
import type { ServiceError, UntypedServiceImplementation } from "@grpc/grpc-js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { LogRequest } from "@pulumi/pulumi/proto/engine_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import type { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import { projectDir } from "../../lab/paths.ts";
import { encode } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

const startDeadlineMs = 10_000;

/**
 * A running plugin, called over gRPC the way the engine calls it, with a stand-in for the engine
 * that collects its lines.
 */
export interface PluginProcess {
  readonly client: ResourceProviderClient;
  /** What it showed: "status: Dial 1/10 failed: retrying". */
  readonly lines: string[];
  checkConfig(config: Values): Promise<string[]>;
  configure(config: Values): Promise<void>;
  /** Checked inputs, or the reasons of refusal. */
  check(
    type: string,
    name: string,
    inputs: Values,
    old?: Values,
  ): Promise<{ inputs: Values; reasons: string[] }>;
  diff(
    type: string,
    oldInputs: Values,
    state: Values,
    inputs: Values,
    ignored?: readonly string[],
  ): Promise<{ changed: string[]; replaces: string[]; deleteFirst: boolean }>;
  create(
    type: string,
    name: string,
    inputs: Values,
    options?: { preview?: boolean; timeout?: number },
  ): Promise<{ id: string; state: Values }>;
  read(
    type: string,
    id: string,
    inputs: Values,
    state: Values,
  ): Promise<{ id: string; inputs: Values; state: Values }>;
  update(
    type: string,
    id: string,
    oldInputs: Values,
    state: Values,
    inputs: Values,
    preview?: boolean,
    ignored?: readonly string[],
  ): Promise<Values>;
  remove(type: string, id: string, inputs: Values, state: Values): Promise<void>;
  invoke(token: string, args: Values): Promise<Values>;
  cancel(): Promise<void>;
  /** Everything written to its log so far. */
  log(): Promise<string>;
  stop(): Promise<void>;
}

export async function startPlugin(
  name: "aws" | "cloudflare" | "command",
  environment: Record<string, string> = {},
): Promise<PluginProcess> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "plugin-"));
  const file = path.join(folder, "plugin.log");
  const { engine, lines, address } = await startEngine();
  const child = spawn(
    process.execPath,
    [path.join(projectDir, "lab", "plugins", name, "main.ts"), address],
    {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ETCD_LAB_PLUGIN_LOG: file, ...environment },
    },
  );
  const client = new providerGrpc.ResourceProviderClient(
    `127.0.0.1:${await portOf(child)}`,
    credentials.createInsecure(),
  );
  const calling = <Q, A>(
    method: (request: Q, answer: (error: ServiceError | null, result: A) => void) => unknown,
    request: Q,
  ): Promise<A> =>
    new Promise((resolve, reject) => {
      method.call(client, request, (error, result) => (error ? reject(error) : resolve(result)));
    });
  const values = (struct: { toJavaScript(): unknown } | undefined) =>
    (struct?.toJavaScript() ?? {}) as Values;

  return {
    client,
    lines,
    async checkConfig(config) {
      const answer = await calling<messages.CheckRequest, messages.CheckResponse>(
        client.checkConfig,
        new pb.CheckRequest()
          .setUrn(urn(`pulumi:providers:${name}`, "default"))
          .setNews(encode(config)),
      );
      return answer.getFailuresList().map((failure) => failure.getReason());
    },
    async configure(config) {
      await calling<messages.ConfigureRequest, messages.ConfigureResponse>(
        client.configure,
        new pb.ConfigureRequest().setArgs(encode(config)).setAcceptsecrets(true),
      );
    },
    async check(type, resource, inputs, old = {}) {
      const request = new pb.CheckRequest()
        .setUrn(urn(type, resource))
        .setType(type)
        .setName(resource)
        .setOlds(encode(old))
        .setNews(encode(inputs))
        .setRandomseed(Buffer.from("seed"));
      const answer = await calling<messages.CheckRequest, messages.CheckResponse>(
        client.check,
        request,
      );
      return {
        inputs: values(answer.getInputs()),
        reasons: answer.getFailuresList().map((failure) => failure.getReason()),
      };
    },
    async diff(type, oldInputs, state, inputs, ignored = []) {
      const request = new pb.DiffRequest()
        .setUrn(urn(type, "x"))
        .setType(type)
        .setName("x")
        .setId("id")
        .setOldInputs(encode(oldInputs))
        .setOlds(encode(state))
        .setNews(encode(inputs))
        .setIgnorechangesList([...ignored]);
      const answer = await calling<messages.DiffRequest, messages.DiffResponse>(
        client.diff,
        request,
      );
      return {
        changed: answer.getDiffsList(),
        replaces: answer.getReplacesList(),
        deleteFirst: answer.getDeletebeforereplace(),
      };
    },
    async create(type, resource, inputs, { preview = false, timeout = 0 } = {}) {
      const request = new pb.CreateRequest()
        .setUrn(urn(type, resource))
        .setType(type)
        .setName(resource)
        .setProperties(encode(inputs))
        .setPreview(preview)
        .setTimeout(timeout);
      const answer = await calling<messages.CreateRequest, messages.CreateResponse>(
        client.create,
        request,
      );
      return { id: answer.getId(), state: values(answer.getProperties()) };
    },
    async read(type, id, inputs, state) {
      const request = new pb.ReadRequest()
        .setUrn(urn(type, "x"))
        .setType(type)
        .setName("x")
        .setId(id)
        .setInputs(encode(inputs))
        .setProperties(encode(state));
      const answer = await calling<messages.ReadRequest, messages.ReadResponse>(
        client.read,
        request,
      );
      return {
        id: answer.getId(),
        inputs: values(answer.getInputs()),
        state: values(answer.getProperties()),
      };
    },
    async update(type, id, oldInputs, state, inputs, preview = false, ignored = []) {
      const request = new pb.UpdateRequest()
        .setUrn(urn(type, "x"))
        .setType(type)
        .setName("x")
        .setId(id)
        .setOldInputs(encode(oldInputs))
        .setOlds(encode(state))
        .setNews(encode(inputs))
        .setPreview(preview)
        .setIgnorechangesList([...ignored]);
      return values(
        (
          await calling<messages.UpdateRequest, messages.UpdateResponse>(client.update, request)
        ).getProperties(),
      );
    },
    async remove(type, id, inputs, state) {
      await calling(
        client.delete,
        new pb.DeleteRequest()
          .setUrn(urn(type, "x"))
          .setType(type)
          .setName("x")
          .setId(id)
          .setOldInputs(encode(inputs))
          .setProperties(encode(state)),
      );
    },
    async invoke(token, args) {
      return values(
        (
          await calling<messages.InvokeRequest, messages.InvokeResponse>(
            client.invoke,
            new pb.InvokeRequest().setTok(token).setArgs(encode(args)),
          )
        ).getReturn(),
      );
    },
    async cancel() {
      await calling(client.cancel, new emptyPb.Empty());
    },
    log: () => readFile(file, "utf8"),
    async stop() {
      client.close();
      if (child.exitCode === null) {
        child.kill("SIGKILL");
        await once(child, "exit");
      }
      engine.forceShutdown();
      await rm(folder, { recursive: true });
    },
  };
}

/**
 * What the engine would keep of a resource whose making failed half-way: its id, and what is known
 * of it.
 */
export function halfMade(
  error: unknown,
): { id: string; state: Values; reasons: string[] } | undefined {
  const packed = (error as ServiceError).metadata?.get("grpc-status-details-bin")[0];
  if (!Buffer.isBuffer(packed)) return undefined;
  const detail = statusPb.Status.deserializeBinary(packed).getDetailsList()[0];
  const half = detail?.unpack(
    pb.ErrorResourceInitFailed.deserializeBinary,
    "pulumirpc.ErrorResourceInitFailed",
  );
  return half
    ? {
        id: half.getId(),
        state: (half.getProperties()?.toJavaScript() ?? {}) as Values,
        reasons: half.getReasonsList(),
      }
    : undefined;
}

/** The first line a plugin prints is the port it listens on. */
export async function portOf(child: ChildProcess): Promise<number> {
  const signal = AbortSignal.timeout(startDeadlineMs);
  const [line] = (await once(child.stdout!, "data", { signal })) as [Buffer];
  return Number(line.toString());
}

async function startEngine(): Promise<{ engine: Server; lines: string[]; address: string }> {
  const lines: string[] = [];
  const engine = new Server();
  const service: UntypedServiceImplementation = {
    log: ({ request }: { request: LogRequest }, answer: (error: null, result: unknown) => void) => {
      const severity = ["debug", "info", "warning", "error"][request.getSeverity()];
      lines.push(`${request.getEphemeral() ? "status" : severity}: ${request.getMessage()}`);
      answer(null, new emptyPb.Empty());
    },
  };
  engine.addService(engineGrpc.EngineService, service);
  const port = await new Promise<number>((resolve, reject) =>
    engine.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { engine, lines, address: `127.0.0.1:${port}` };
}

function urn(type: string, name: string): string {
  return `urn:pulumi:test::test::${type}::${name}`;
}
