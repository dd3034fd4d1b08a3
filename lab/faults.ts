import { faultsOf } from "./faultKinds.ts";
import type { Fault, FaultName, FaultOf } from "./faultKinds.ts";
import { hostEffects } from "./faultEffects.ts";

/** A fault that is on, as the control interface lists it. */
export interface ActiveFault {
  readonly id: number;
  readonly since: string;
  readonly fault: Fault;
  /** For api-fault: how many requests it will still fail. */
  readonly left?: number;
}

/**
 * What faults do to containers and cables. `begin` returns how to undo it, or undefined when there
 * is nothing to undo and the fault is over.
 */
export interface FaultEffects {
  begin(fault: Fault): Promise<(() => Promise<void>) | undefined>;
}

/** What an API does with a request instead of its work, or after it. */
export type ApiFailure = FaultOf<"api-fault">;

/** Request to an API, as far as a fault chooses by it. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly body: string;
}

interface Entry {
  readonly id: number;
  readonly since: string;
  readonly fault: Fault;
  left: number;
  readonly undo?: () => Promise<void>;
}
type Listener = (change: "added" | "removed") => Promise<void>;

/**
 * Whether a kind acts on the host, or on a service in a container, when it begins; the others only
 * describe what an emulator or the publisher shall do.
 */
const acts: Readonly<Record<FaultName, boolean>> = {
  "server-down": true,
  servfail: true,
  kill: true,
  pause: true,
  partition: true,
  "ec2-fault": true,
  "dns-lag": false,
  withhold: false,
  falsify: false,
  extra: false,
  "ssh-late": false,
  "api-fault": false,
};

/** The faults that are on, in memory: a daemon that starts anew starts without any. */
export class FaultRegistry {
  #entries: Entry[] = [];
  #lastId = 0;
  readonly #listeners = new Set<Listener>();
  readonly #effects: FaultEffects;

  constructor(effects: FaultEffects) {
    this.#effects = effects;
  }

  /**
   * Called after each change and awaited before the caller of that change gets its answer; must not
   * throw. Returns how to stop listening.
   */
  onChange(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All faults that are on, oldest first. */
  active(): Fault[] {
    return this.#entries.map((entry) => entry.fault);
  }

  list(): ActiveFault[] {
    return this.#entries.map(({ id, since, fault, left }) => ({
      id,
      since,
      fault,
      ...(fault.kind === "api-fault" ? { left } : {}),
    }));
  }

  /**
   * Switches a fault on. Resolves once it is in effect; throws, and changes nothing, when its
   * effect cannot be had.
   */
  async add(fault: Fault): Promise<ActiveFault> {
    const undo = acts[fault.kind] ? await this.#effects.begin(fault) : undefined;
    const entry: Entry = {
      id: ++this.#lastId,
      since: new Date().toISOString(),
      fault,
      left: fault.kind === "api-fault" ? (fault.times ?? 1) : 0,
      ...(undo ? { undo } : {}),
    };
    const over = acts[fault.kind] && !undo;
    if (!over) this.#entries.push(entry);
    await this.#tell("added");
    return { id: entry.id, since: entry.since, fault };
  }

  /** Switches one fault off. False when there is none with that id. */
  async remove(id: number): Promise<boolean> {
    const entry = this.#entries.find((candidate) => candidate.id === id);
    if (!entry) return false;
    await this.#end([entry]);
    return true;
  }

  /**
   * Switches all faults off and returns how many there were. What they held back is published at
   * once.
   */
  async clear(): Promise<number> {
    const entries = this.#entries;
    await this.#end(entries);
    return entries.length;
  }

  /** The failure meant for this request, if any; it counts as used. */
  takeApiFailure(service: string, request: ApiRequest): ApiFailure | undefined {
    const entry = this.#entries.find(
      ({ fault }) => fault.kind === "api-fault" && meets(fault, service, request),
    );
    if (!entry || entry.fault.kind !== "api-fault") return undefined;
    entry.left -= 1;
    if (entry.left === 0) this.#entries = this.#entries.filter((other) => other !== entry);
    return entry.fault;
  }

  /**
   * Ends them newest first, so that each finds what it found when it began; one that cannot be
   * undone does not keep the others on.
   */
  async #end(entries: readonly Entry[]): Promise<void> {
    this.#entries = this.#entries.filter((entry) => !entries.includes(entry));
    const failures: string[] = [];
    for (const entry of entries.toReversed()) {
      try {
        await entry.undo?.();
      } catch (error) {
        failures.push(`${entry.fault.kind}: ${(error as Error).message}`);
      }
    }
    await this.#tell("removed");
    if (failures.length > 0)
      throw new Error(
        "some faults are off the list, but what they did could not be undone; npm run " +
          `down, then npm run up, gives a sound lab.\n${failures.join("\n")}`,
      );
  }

  async #tell(change: "added" | "removed"): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener(change)));
  }
}

/** Whether a request is of those that an api-fault makes fail. */
export function meets(fault: ApiFailure, service: string, request: ApiRequest): boolean {
  return (
    (fault.service ?? "cloudflare") === service &&
    (fault.method === undefined || fault.method === request.method) &&
    (fault.path === undefined || request.path.includes(fault.path)) &&
    (fault.body === undefined || request.body.includes(fault.body))
  );
}

/** The faults of this daemon. */
export const faults = new FaultRegistry(hostEffects);

/**
 * Seconds that a machine started now waits before it opens SSH; 0 without a fault. The newest fault
 * counts.
 */
export function sshLateSeconds(): number {
  return faultsOf(faults.active(), "ssh-late").at(-1)?.seconds ?? 0;
}
