/**
 * The node's unit, run by a small supervisor that does what systemd does with these lines: its
 * steps in order, and again after a failure.
 */
import type { ChildProcess } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { Machine } from "./network.ts";

/** RestartSec is 2 s on a node; nothing here depends on its length. */
const pauseMs = 250;

interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly text: string;
}

export interface Etcd {
  /** Everything it has logged so far. */
  log(): string;
  /** It has said that it serves clients: what Type=notify waits for comes at the same moment. */
  readonly ready: boolean;
  /** Elections it began so far. */
  readonly elections: number;
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Set once it has ended. */
  end: Ended | undefined;
  stop(signal?: NodeJS.Signals): Promise<Ended>;
}

export interface Unit {
  /** What its gate said each time it refused. */
  readonly refusals: string[];
  /** How often the gate let etcd start. */
  readonly passes: number;
  /** The process that runs or ran last. */
  readonly etcd: Etcd | undefined;
  stop(): Promise<void>;
}

/** Where the files of a node are. */
export const paths = {
  lasting: "/etc/etcd/etcd.yaml",
  alone: "/etc/etcd/alone.yaml",
  start: "/run/etcd-node/etcd.yaml",
  ticket: "/var/lib/etcd-node/ticket.json",
} as const;

/**
 * ExecStart without the rest of the unit, and by default with the configuration of an etcd that
 * nobody stands before.
 */
export function startEtcd(machine: Machine, unit: string, config: string = paths.alone): Etcd {
  const { start } = stepsOf(unit);
  const [command = "", ...args] = start.replace(paths.start, config).split(" ");
  return watch(machine.spawn(command, args));
}

/**
 * The whole unit, until it is stopped or its machine is reset. `between` runs each time once the
 * gate has let etcd start, and before etcd does.
 */
export function startUnit(
  machine: Machine,
  unit: string,
  between: () => Promise<void> = async () => undefined,
): Unit {
  const steps = stepsOf(unit);
  const born = machine.resets;
  const over = () => stopped || machine.resets !== born;
  let stopped = false;
  let passes = 0;
  let running: Etcd | undefined;
  let child: ChildProcess | undefined;
  const refusals: string[] = [];
  const once = async (command: string): Promise<Ended> => {
    const [program = "", ...args] = command.split(" ");
    const step = watch((child = machine.spawn(program, args)));
    return step.ended;
  };
  const attempt = async (): Promise<void> => {
    for (const { command, mayFail } of steps.before) {
      const { code, text } = await once(command);
      if (over()) return;
      if (code !== 0 && !mayFail) {
        refusals.push(text);
        return;
      }
    }
    passes++;
    await between();
    const etcd = (running = startEtcd(machine, unit, paths.start));
    await Promise.race([etcd.ended, ready(etcd)]);
    for (const command of steps.after) if (!etcd.end && !over()) await once(command);
    await etcd.ended;
  };
  const loop = (async () => {
    while (!over()) {
      await attempt();
      for (const command of steps.atEnd) if (machine.resets === born) await once(command);
      if (running?.end?.code === 0) return; // Restart=on-failure
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  return {
    refusals,
    get passes() {
      return passes;
    },
    get etcd() {
      return running;
    },
    async stop() {
      stopped = true;
      child?.kill("SIGKILL");
      await running?.stop();
      await loop;
    },
  };
}

function stepsOf(unit: string): {
  before: { command: string; mayFail: boolean }[];
  start: string;
  after: string[];
  atEnd: string[];
} {
  const of = (key: string) =>
    unit
      .split("\n")
      .filter((line) => line.startsWith(`${key}=`))
      .map((line) => line.slice(key.length + 1));
  const plain = (line: string) => line.replace(/^[-+!@:]*/, "");
  return {
    before: of("ExecStartPre").map((line) => ({
      command: plain(line),
      mayFail: /^[+!]*-/.test(line),
    })),
    start: plain(of("ExecStart")[0] ?? ""),
    after: of("ExecStartPost").map(plain),
    atEnd: of("ExecStopPost").map(plain),
  };
}

async function ready(etcd: Etcd): Promise<void> {
  while (!etcd.end && !etcd.ready) await new Promise((resolve) => setTimeout(resolve, 50));
}

function watch(child: ChildProcess): Etcd {
  let text = "";
  let partial = "";
  let serves = false;
  let elections = 0;
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (data: Buffer) => {
      text += data.toString();
      const lines = (partial + data.toString()).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) {
        if (line.includes("ready to serve client requests")) serves = true;
        if (line.includes("is starting a new election")) elections++;
      }
    });
  const etcd: Etcd = {
    pid: child.pid ?? 0,
    log: () => text,
    end: undefined,
    get ready() {
      return serves;
    },
    get elections() {
      return elections;
    },
    ended: new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code, signal) => resolve((etcd.end = { code, signal, text })));
    }),
    async stop(signal = "SIGKILL") {
      if (!etcd.end) child.kill(signal);
      return etcd.ended;
    },
  };
  return etcd;
}

/** Puts what the recipe would into place: the files of the cookbook and the rendered ones. */
export async function installFiles(
  machine: Machine,
  files: Readonly<Record<string, string>>,
  programs: string,
): Promise<void> {
  const at = (file: string) => path.join(machine.root, file);
  await fs.cp(programs, at("usr/local/lib/etcd-node"), { recursive: true });
  await fs.writeFile(at(paths.lasting), files["etcd.yaml"] ?? "");
  await fs.writeFile(at(paths.alone), files["alone.yaml"] ?? "");
  await fs.writeFile(at("etc/etcd/preflight.json"), files["preflight.json"] ?? "");
  await fs.writeFile(at("etc/systemd/system/etcd.service"), files["etcd.service"] ?? "");
}
