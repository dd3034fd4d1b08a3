import { setTimeout as delay } from "node:timers/promises";
import type { Images } from "../images.ts";
import { nextChange } from "./changes.ts";
import { ec2Client } from "./client.ts";
import { isAlive, listMachines } from "./machine.ts";
import { observe } from "./observe.ts";
import { plan, subject } from "./plan.ts";
import type { Action, Cloud, Machine } from "./plan.ts";
import { perform } from "./steps.ts";
import type { Workshop } from "./steps.ts";
import { volumesOnHost } from "./volume.ts";

const tickMs = 200;
const retryMs = { first: 500, most: 10_000 };

/**
 * Makes the machines on this host follow what EC2 says, until closed; closing leaves the machines
 * as they are. It looks when EC2 reports a change, when a machine's first process is gone, and
 * every 5 s anyway. Machines start in parallel; for each machine and volume one step at a time.
 * What fails is logged and tried again.
 */
export function startReconciler(
  images: Images,
  log: (line: string) => void,
): { close(): Promise<void> } {
  const reconciler = new Reconciler(images.machine, log);
  const done = reconciler.run();
  return {
    close: async () => {
      reconciler.stop();
      await done;
    },
  };
}

class Reconciler {
  readonly #log: (line: string) => void;
  readonly #client = ec2Client("etcd-lab-reconciler");
  readonly #closing = new AbortController();
  readonly #machines = new Map<string, Machine>();
  readonly #shop: Workshop;
  /** Name tags, kept beyond the instance's end for the last lines about it. */
  readonly #names = new Map<string, string>();
  /** Steps under way, by subject. */
  readonly #busy = new Map<string, Promise<void>>();
  /** Subjects whose last step failed: why, and not to be tried before `at`. */
  readonly #failed = new Map<
    string,
    { readonly at: number; readonly waitMs: number; readonly message: string }
  >();
  /** What EC2 said last; undefined while it does not answer. */
  #cloud: Cloud | undefined;
  /** EC2 reported a change since #cloud was read. */
  #outdated = false;
  #wake = () => {};

  constructor(image: string, log: (line: string) => void) {
    this.#log = log;
    this.#shop = {
      client: this.#client,
      image,
      machines: this.#machines,
      cloud: () => this.#cloud,
    };
  }

  stop(): void {
    this.#closing.abort();
    this.#wake();
  }

  async run(): Promise<void> {
    const watching = this.#watch();
    let adopted = false;
    while (!this.#closing.signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      try {
        if (!adopted)
          for (const machine of await listMachines()) this.#machines.set(machine.id, machine);
        adopted = true;
        await this.#look();
        await this.#noticeEnded();
        if (this.#cloud) {
          const volumeIds = await volumesOnHost();
          // Nothing may be awaited between this look at the machines and the steps: a step that
          // ends meanwhile would be taken a second time.
          const host = { machines: [...this.#machines.values()], volumeIds };
          if (this.#cloud) for (const action of plan(this.#cloud, host)) this.#begin(action);
        }
      } catch (error) {
        this.#outdated = true;
        if (!this.#closing.signal.aborted)
          this.#log(`looking again in ${retryMs.first / 1000} s: ${messageOf(error)}`);
        await delay(retryMs.first);
      }
      await Promise.race([woken, delay(tickMs)]);
    }
    await Promise.all([watching, ...this.#busy.values()]);
    this.#client.destroy();
  }

  /**
   * Waits for changes in EC2. While it does not answer there is no cloud, so nothing is done to
   * machines.
   */
  async #watch(): Promise<void> {
    let seen = -1;
    let answers = true;
    while (!this.#closing.signal.aborted) {
      try {
        seen = await nextChange(seen, this.#closing.signal);
        if (!answers) this.#log("the EC2 emulator answers again");
        answers = true;
        this.#outdated = true;
      } catch (error) {
        if (this.#closing.signal.aborted) return;
        if (answers)
          this.#log(
            `the EC2 emulator does not answer (${messageOf(error)}); machines stay as they are`,
          );
        answers = false;
        this.#cloud = undefined;
        this.#outdated = false;
        seen = -1;
        await delay(retryMs.first);
      }
      this.#wake();
    }
  }

  async #look(): Promise<void> {
    if (!this.#outdated) return;
    this.#outdated = false; // before the question: a change during it asks again
    this.#cloud = await observe(this.#client);
    for (const { id, name } of this.#cloud.instances)
      if (name !== undefined) this.#names.set(id, name);
  }

  async #noticeEnded(): Promise<void> {
    for (const machine of this.#machines.values()) {
      if (machine.state !== "running" || this.#busy.has(machine.id) || (await isAlive(machine.id)))
        continue;
      if (this.#busy.has(machine.id)) continue; // a step began meanwhile
      this.#log(`${this.#called(machine.id)}: machine ended by itself (rebooted or killed)`);
      this.#machines.set(machine.id, { ...machine, state: "stopped" });
    }
  }

  #begin(action: Action): void {
    const key = subject(action);
    const failed = this.#failed.get(key);
    if (this.#busy.has(key) || (failed && Date.now() < failed.at)) return;
    const started = Date.now();
    const step = perform(action, this.#shop)
      .then(
        (done) => {
          this.#failed.delete(key);
          this.#log(
            `${this.#called(key)}: ${done} (${((Date.now() - started) / 1000).toFixed(1)} s)`,
          );
        },
        (error: unknown) => {
          const waitMs = failed ? Math.min(failed.waitMs * 2, retryMs.most) : retryMs.first;
          const message = `could not ${action.do}: ${messageOf(error)}`;
          this.#failed.set(key, { at: Date.now() + waitMs, waitMs, message });
          if (message !== failed?.message)
            this.#log(`${this.#called(key)}: ${message} (tried again until it works)`);
        },
      )
      .finally(() => {
        this.#busy.delete(key);
        this.#wake();
      });
    this.#busy.set(key, step);
  }

  /** "i-0abc a": the id and the Name tag. */
  #called(id: string): string {
    const name = this.#names.get(id);
    return name === undefined ? id : `${id} ${name}`;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
