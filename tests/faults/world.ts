/**
 * A world: a process of its own in network, mount and process namespaces of its own. Everything
 * that a case makes (machines, servers, etcd) lives in there and ends with it, however the test
 * ends; nothing of it is visible on the host.
 */
import { fork } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../../lab/shell.ts";
import type { Pair } from "./certificates.ts";
import type { NodeFiles } from "./rendered.ts";

/** What a world is made of. Travels to it as JSON. */
export interface WorldSpec {
  readonly version: string;
  readonly tls: boolean;
  /** Holds the programs of etcd. */
  readonly binDir: string;
  readonly files: Readonly<Record<string, NodeFiles>>;
  readonly pki: Pki;
}

/** Who has which certificate; empty strings without TLS. */
export interface Pki {
  readonly ca: string;
  readonly members: Readonly<Record<string, Pair>>;
  readonly client: Pair;
}

const namespaces = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
/** Without root, a user namespace gives what is needed, where the host allows it. */
const flags = process.getuid?.() === 0 ? namespaces : ["--user", "--map-root-user", ...namespaces];

/** Why no world can be made here, in words that end a sentence; undefined when one can. */
export async function whyNoWorld(): Promise<string | undefined> {
  if (process.platform !== "linux") return `they need Linux (this is ${process.platform})`;
  return run("unshare", [...flags, "true"]).then(
    () => undefined,
    (error: Error) =>
      "they need network namespaces of their own (root, or user namespaces without it). " +
      `Tried and failed: ${error.message.split("\n").join(" ")}`,
  );
}

export interface OpenWorld {
  /**
   * Runs one scenario (worldProcess.ts) on machines that are as new, and returns what it saw. One
   * at a time.
   */
  run<Seen>(scenario: string, input: unknown, timeoutMs?: number): Promise<Seen>;
  close(): Promise<void>;
}

export async function openWorld(spec: WorldSpec): Promise<OpenWorld> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-fault-"));
  const child = fork(path.join(import.meta.dirname, "worldProcess.ts"), [folder], {
    execPath: "unshare",
    execArgv: [...flags, process.execPath, "--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      said += data.toString();
    });
  return {
    run: (scenario, input, timeoutMs = 120_000) =>
      new Promise((resolve, reject) => {
        const finish = (error: string | undefined, seen?: unknown) => {
          clearTimeout(timer);
          child.off("message", receive).off("exit", ended);
          if (error === undefined) resolve(seen as never);
          else reject(new Error(`${error}\n${said.slice(-2000)}`));
        };
        const receive = (reply: { seen?: unknown; error?: string }) =>
          finish(reply.error, reply.seen);
        const ended = (code: number | null, signal: string | null) =>
          finish(`a world ended with ${signal ?? code} before its result`);
        const timer = setTimeout(
          () => finish(`${scenario} gave no result in ${timeoutMs / 1000} s`),
          timeoutMs,
        );
        child.on("message", receive).on("exit", ended);
        child.send({ scenario, input, spec });
      }),
    async close() {
      const gone = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null) {
        child.kill("SIGKILL");
        await gone;
      }
      await fs.rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
