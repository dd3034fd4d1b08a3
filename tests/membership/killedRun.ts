/** Starts a run of the program as a process of its own, and kills it at a moment. */
import { fork } from "node:child_process";
import * as path from "node:path";
import { createInterface } from "node:readline";
import type { MemberAccess, ScriptResult } from "../../components/ssh/memberAccess.ts";
import { inWords, type Moment } from "./moments.ts";
import type { Given } from "./oneRun.ts";

/** What goes to that process: its work, and what came of a script. */
export type ToRun =
  | { readonly given: Given; readonly moment: Moment }
  | { readonly id: number; readonly result: ScriptResult };

/** A script that it wants to be run on a machine; `last`: it is killed meanwhile. */
export interface FromRun {
  readonly id: number;
  readonly name: string;
  readonly script: string;
  readonly last: boolean;
}

export interface Killed {
  readonly pid: number;
  /** What it said of steps that it took, a line each. */
  readonly said: readonly string[];
}

const deadlineMs = 60_000;

/** @throws Error when it ends by itself, or does not come to the moment */
export function killRunAt(
  moment: Moment,
  given: Given,
  accessTo: (name: string) => MemberAccess,
): Promise<Killed> {
  const child = fork(path.join(import.meta.dirname, "killedProcess.ts"), [], {
    execArgv: ["--disable-warning=ExperimentalWarning"],
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const said: string[] = [];
  let failure = "";
  const kill = () => child.kill("SIGKILL");
  if (child.stdout)
    createInterface(child.stdout).on("line", (line) => {
      if (line === "here") kill();
      else if (line.startsWith("said ")) said.push(line.slice(5));
      else failure += `${line}\n`;
    });
  const answer = async ({ id, name, script, last }: FromRun) => {
    if (last) kill();
    const result = await accessTo(name).run(script, 0, 0);
    if (child.connected) child.send({ id, result } satisfies ToRun);
  };
  child.on("message", (message: FromRun) => void answer(message));
  child.send({ given, moment } satisfies ToRun);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      failure = `it did not come to it in ${deadlineMs / 1000} s\n${failure}`;
      kill();
    }, deadlineMs);
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (signal === "SIGKILL" && !failure) resolve({ pid: child.pid ?? 0, said });
      else
        reject(
          new Error(
            `a run that was to be killed (${inWords(moment)}) ended with ${signal ?? code}: ` +
              `${failure}${said.join("\n")}`,
          ),
        );
    });
  });
}
