import { flushCompileCache } from "node:module";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { note } from "./callLog.ts";
import { useEngine } from "./engine.ts";
import type { Provider } from "./handler.ts";
import { service } from "./service.ts";

/** The engine and a plugin exchange whole states; the engine's own limit is the same. */
const largestMessage = 400 * 1024 * 1024;
const orphanCheckMs = 1000;
const flushAfterMs = 1000;
/** Noted at once: an engine that is killed while a plugin starts would otherwise be missed. */
const engineProcess = Number(process.env.ETCD_LAB_ENGINE ?? process.ppid);

/**
 * Serves a provider the way the engine expects of a plugin: listens on a free port of the loopback,
 * prints the port, and answers until it is ended. The engine's address is the first argument. Ends
 * by itself when the engine dies.
 */
export async function serve(provider: Provider): Promise<void> {
  const address = process.argv.slice(2).find((argument) => !argument.startsWith("-"));
  if (address) useEngine(address);
  const server = new Server({
    "grpc.max_receive_message_length": largestMessage,
    "grpc.max_send_message_length": largestMessage,
  });
  server.addService(providerGrpc.ResourceProviderService, service(provider));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  process.stdout.write(`${port}\n`);
  note(
    `${provider.name} ${provider.version} listens on port ${port}, ` +
      `${Math.round(performance.now())} ms after its start`,
  );
  endWithParent(engineProcess);
  // The engine kills its plugins, so what was compiled must be put by before the end: the next
  // start is a third faster.
  setTimeout(flushCompileCache, flushAfterMs).unref();
}

/** A killed engine closes nothing: without this its plugins would stay behind. */
function endWithParent(parent: number): void {
  setInterval(() => {
    if (process.ppid === parent) return;
    note("the engine is gone");
    process.exit(0);
  }, orphanCheckMs).unref();
}
