/**
 * A run of the program in a process of its own, which stops dead at a moment and says so, to be
 * killed there: nothing in it goes on meanwhile. Machines are reached through whoever started it,
 * so that a machine's program outlives this one, as it does over SSH.
 */
import * as fs from "node:fs";
import { ClusterClient, MaintenanceClient } from "etcd3";
import type { Act } from "../../components/membership/perform.ts";
import { plan } from "../../components/membership/plan.ts";
import { reconcile } from "../../components/membership/reconcile.ts";
import { directDialler } from "../../components/ssh/dialler.ts";
import type { MemberAccess, ScriptResult } from "../../components/ssh/memberAccess.ts";
import { addressOf } from "../faults/places.ts";
import type { FromRun, ToRun } from "./killedRun.ts";
import { type Moment, onMachine } from "./moments.ts";
import { reconciling } from "./oneRun.ts";

const tell = (message: FromRun) => process.send?.(message);

/** Says that the moment is there, by a pipe that takes it at once, and does nothing any more. */
function stopHere(): void {
  fs.writeSync(1, "here\n");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const asked: Partial<Record<Act["do"], (before: () => void) => void>> = {
  add: (before) => hook(ClusterClient, "memberAdd", before),
  promote: (before) => hook(ClusterClient, "memberPromote", before),
  remove: (before) => hook(ClusterClient, "memberRemove", before),
  moveLeader: (before) => hook(MaintenanceClient, "moveLeader", before),
};

/** Before etcd is asked for it, by whatever client. */
function hook<Name extends string>(
  of: { readonly prototype: Record<Name, (...args: never[]) => unknown> },
  name: Name,
  before: () => void,
): void {
  const original = of.prototype[name];
  of.prototype[name] = function (this: unknown, ...args) {
    before();
    return original.apply(this, args);
  };
}

const replies = new Map<number, (result: ScriptResult) => void>();

/** Asks whoever started this process to run a script on a machine. */
function run(name: string, script: string, last: boolean): Promise<ScriptResult> {
  const id = replies.size;
  return new Promise((resolve) => {
    replies.set(id, resolve);
    tell({ id, name, script, last });
  });
}

async function work({ given, moment }: Extract<ToRun, { given: unknown }>): Promise<void> {
  let current: Act["do"] | undefined;
  const isAt = (when: Moment["when"]) => current === moment.act && moment.when === when;
  const accessTo = (name: string): MemberAccess => ({
    ...directDialler(addressOf(name)),
    run(script) {
      const looks = script.includes("etcd-look");
      if (!looks && isAt("before") && onMachine(moment.act)) stopHere();
      return run(name, script, !looks && isAt("during"));
    },
  });
  asked[moment.act]?.(() => isAt("before") && stopHere());
  const say = (line: string) => {
    if (line.startsWith("waiting")) return;
    fs.writeSync(1, `said ${line}\n`);
    if (isAt("after")) stopHere();
  };
  await reconcile(reconciling(given, accessTo, say), (situation) => {
    const step = plan(situation);
    current = step.do === "done" || step.do === "wait" || step.do === "refuse" ? current : step.do;
    return step;
  });
}

process.on("message", (message: ToRun) => {
  if ("result" in message) replies.get(message.id)?.(message.result);
  else
    work(message).then(
      () => process.exit(),
      (error: Error) => {
        fs.writeSync(1, `failed ${error.stack ?? error.message}\n`);
        process.exit(1);
      },
    );
});
process.once("disconnect", () => process.exit());
