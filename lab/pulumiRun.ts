import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import { createWriteStream, existsSync } from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { logDir, projectDir } from "./paths.ts";
import { pulumiEnvironment } from "./pulumiEnvironment.ts";
import { type EngineEvent, PulumiProgress } from "./pulumiProgress.ts";
import { stackFileArguments } from "./stackFile.ts";

/**
 * Every resource has its own deadline, well below this one; it only guards against what nobody
 * thought of.
 */
const deadlineMs = 45 * 60_000;

/**
 * Runs `pulumi up`, `destroy` or the like on the lab's stack with the progress told in a few lines;
 * Pulumi's own output goes to .lab/logs/pulumi-<command>.log. Throws with Pulumi's error messages
 * when it fails. After 45 minutes it is asked to stop.
 */
export async function runPulumi(
  cliDir: string,
  args: readonly [string, ...string[]],
  tell: (line: string) => void,
): Promise<PulumiProgress> {
  await fs.mkdir(logDir, { recursive: true });
  const log = path.join(logDir, `pulumi-${args[0]}.log`);
  const events = path.join(logDir, `pulumi-${args[0]}.events`);
  await fs.rm(events, { force: true });
  const child = spawn(
    path.join(cliDir, "pulumi"),
    [...args, ...(await stackFileArguments()), "--non-interactive", "--event-log", events],
    {
      cwd: projectDir,
      stdio: ["ignore", "pipe", "pipe"],
      // --event-log exists with this only
      env: { ...process.env, ...pulumiEnvironment(cliDir), PULUMI_DEBUG_COMMANDS: "true" },
    },
  );
  const output = createWriteStream(log);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      text = (text + data.toString()).slice(-20_000);
      output.write(data);
    });
  }
  const ended = new Promise<number | string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  let end: number | string | undefined;
  void ended.then((value) => {
    end = value;
  });

  const interrupt = () => {
    tell("stopping once Pulumi's current steps are done; a second Ctrl-C abandons them");
    if (!process.stdin.isTTY) child.kill("SIGINT"); // a terminal sends Ctrl-C to Pulumi too
  };
  const terminate = () => {
    child.kill("SIGINT");
  };
  process.on("SIGINT", interrupt).on("SIGTERM", terminate);
  const timer = setTimeout(() => {
    tell(`no end after ${deadlineMs / 60_000} minutes; asking Pulumi to stop`);
    child.kill("SIGINT");
  }, deadlineMs);
  const progress = new PulumiProgress();
  const tail = new EventTail(events);
  try {
    while (end === undefined) {
      for (const event of await tail.next()) progress.take(event, Date.now()).forEach(tell);
      progress.tick(Date.now()).forEach(tell);
      await Promise.race([delay(100), ended]);
    }
    for (const event of await tail.next()) progress.take(event, Date.now()).forEach(tell);
    progress.finish().forEach(tell);
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", interrupt).off("SIGTERM", terminate);
    output.end();
    await fs.rm(events, { force: true });
  }
  if (end === 0) return progress;
  const reasons =
    progress.errors.length > 0 ? progress.errors : [text.trim().split("\n").slice(-15).join("\n")];
  throw new Error(
    `pulumi ${args[0]} failed (${typeof end === "number" ? `exit ${end}` : end}). Its ` +
      `whole output: ${path.relative(projectDir, log)}\n${reasons.map(indent).join("\n")}`,
  );
}

/** Reads a growing file of JSON lines. */
class EventTail {
  readonly #file: string;
  #offset = 0;
  #partial = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  async next(): Promise<EngineEvent[]> {
    if (!existsSync(this.#file)) return [];
    const handle = await fs.open(this.#file);
    try {
      const { size } = await handle.stat();
      const { buffer } = await handle.read(
        Buffer.alloc(size - this.#offset),
        0,
        size - this.#offset,
        this.#offset,
      );
      this.#offset = size;
      const bytes = Buffer.concat([this.#partial, buffer]);
      const end = bytes.lastIndexOf("\n") + 1;
      this.#partial = bytes.subarray(end);
      return bytes
        .subarray(0, end)
        .toString()
        .split("\n")
        .filter(Boolean)
        .map((line): EngineEvent => JSON.parse(line));
    } finally {
      await handle.close();
    }
  }
}

const indent = (text: string) =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
