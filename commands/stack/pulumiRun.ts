import { type ChildProcess, spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import { createWriteStream } from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { logDir, projectDir } from "../../lab/paths.ts";
import { busyWords } from "../../lab/stack.ts";
import { EventLog } from "./eventLog.ts";
import { errorWords } from "./errorWords.ts";
import type { Commands } from "./nextSteps.ts";
import { PulumiProgress } from "./pulumiProgress.ts";
import type { StackAccess } from "./stackAccess.ts";

/**
 * Every resource has its own deadline, well below this one; it only guards against what nobody
 * thought of.
 */
const deadlineMs = 45 * 60_000;

/** A run of Pulumi that a person, or whoever runs this, has stopped. */
export class StoppedRun extends Error {}

/**
 * Runs `pulumi up`, `destroy` or the like on a stack, as one child process, with the progress told
 * in a few lines; Pulumi's own output goes to .lab/logs/pulumi-<command>.log. Throws with Pulumi's
 * error messages when it fails, or StoppedRun. After 45 minutes it is asked to stop.
 *
 * Signals are passed on as SIGINT, the only one on which Pulumi finishes its current steps and
 * writes them down; a second one makes it abandon them.
 *
 * Long, because whatever it opens at its top it closes at its end, on every way out.
 */
export async function runPulumi(
  stack: StackAccess,
  args: readonly [string, ...string[]],
  tell: (line: string) => void,
): Promise<PulumiProgress> {
  await fs.mkdir(logDir, { recursive: true });
  const outputFile = path.join(logDir, `pulumi-${args[0]}.log`);
  const events = path.join(logDir, `pulumi-${args[0]}.events`);
  // The SDK sends what it registers as debug events, secrets unmasked: for our eyes only, and gone
  // at the end.
  await fs.rm(events, { force: true });
  await fs.writeFile(events, "", { mode: 0o600 });
  const child = spawn(
    stack.cli,
    [
      ...args,
      ...["--stack", stack.name, ...stack.settings],
      ...["--non-interactive", "--event-log", events],
    ],
    {
      cwd: projectDir,
      stdio: ["ignore", "pipe", "pipe"],
      // --event-log exists with this only
      env: { ...process.env, ...stack.env, PULUMI_DEBUG_COMMANDS: "true" },
    },
  );
  const output = createWriteStream(outputFile);
  let notKept = "";
  output.on("error", ({ message }) => {
    if (!notKept) tell(`Pulumi's output is not kept from here on (${message}); the run goes on`);
    notKept ||= message;
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      text = (text + data.toString()).slice(-20_000);
      output.write(data);
    });
  }
  const ended = endOf(child);
  let end: number | string | undefined;
  void ended.then((value) => {
    end = value;
  });

  let stops = 0;
  const interrupt = () => {
    if (++stops === 1)
      tell("stopping once Pulumi's current steps are done; a second Ctrl-C abandons them");
    else tell("abandoning them");
    if (!process.stdin.isTTY) child.kill("SIGINT"); // a terminal sends Ctrl-C to Pulumi too
  };
  const terminate = () => {
    stops++;
    child.kill("SIGINT");
  };
  process.on("SIGINT", interrupt).on("SIGTERM", terminate).on("SIGHUP", terminate);
  const timer = setTimeout(() => {
    tell(`no end after ${deadlineMs / 60_000} minutes; asking Pulumi to stop`);
    child.kill("SIGINT");
  }, deadlineMs);
  const progress = new PulumiProgress();
  const log = new EventLog(events);
  try {
    while (end === undefined) {
      for (const event of log.next()) progress.take(event, Date.now()).forEach(tell);
      progress.tick(Date.now()).forEach(tell);
      await Promise.race([delay(100), ended]);
    }
    for (const event of log.next()) progress.take(event, Date.now()).forEach(tell);
    progress.finish().forEach(tell);
    if (log.damage) tell(`not all that Pulumi did is told above: its event log: ${log.damage}`);
  } finally {
    clearTimeout(timer);
    process.off("SIGINT", interrupt).off("SIGTERM", terminate).off("SIGHUP", terminate);
    output.end();
    await fs.rm(events, { force: true });
  }
  if (end === 0) return progress;
  const file = path.relative(projectDir, outputFile);
  const whole = notKept ? `Its output, up to the full disk: ${file}` : `Its whole output: ${file}`;
  if (stops > 0) throw new StoppedRun(`${stopWords(args[0], stops)} ${whole}`);
  const failures = progress.failures.list();
  const reasons =
    failures.length > 0
      ? errorWords(failures, commandsOn(stack, args[0]))
      : [text.trim().split("\n").slice(-15).join("\n")];
  const busy = whoHoldsTheLock(`${reasons.join("\n")}\n${text}`);
  if (busy) throw new Error(busyWords(stack.name, busy));
  throw new Error(
    `pulumi ${args[0]} failed (${typeof end === "number" ? `exit ${end}` : end}). ` +
      `${whole}\n${reasons.map(indent).join("\n")}`,
  );
}

/** How long the end of the output is waited for: a plugin that hangs holds it open. */
const lastWordsMs = 2000;

/** The exit code, or what ended it in words, once all of its output is there. */
function endOf(child: ChildProcess): Promise<number | string> {
  return new Promise((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
    child.on("exit", () => {
      const timer = setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, lastWordsMs);
      child.on("close", () => clearTimeout(timer));
    });
  });
}

/** What a person types after a failed run of this command; only the lab's destroy is ours. */
function commandsOn(stack: StackAccess, command: string): Commands {
  return {
    again: command === "destroy" ? "npm run down" : stack.up,
    pulumi: stack.npmRun("pulumi"),
    ssh: stack.npmRun("ssh"),
  };
}

function stopWords(command: string, stops: number): string {
  return stops > 1
    ? `pulumi ${command} was abandoned by you, in the middle of its steps; the same command ` +
        "looks at what there is, and goes on from there."
    : `pulumi ${command} was stopped by you; what was done is written down, and the same command ` +
        "goes on from here.";
}

/** The process of another run, when Pulumi says that one has the lock. */
function whoHoldsTheLock(text: string): string | undefined {
  if (!/currently locked by \d+ lock/.test(text)) return undefined;
  return /\(pid (\d+)\)/.exec(text)?.[1] ?? "unknown";
}

const indent = (text: string) =>
  text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
