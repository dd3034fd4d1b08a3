import type { DnsRecord } from "../cloudflare/records.ts";
import type { Fault, NameServer } from "../faultKinds.ts";
import { answersOf, rrsetsOf, standingAnswers } from "./answers.ts";
import type { Rrset } from "./answers.ts";
import { lagMs, withFaults } from "./overlay.ts";
import { RefusedChange, readZone, writeRrset } from "./powerdns.ts";

/** Between two attempts at a nameserver that does not answer. Milliseconds. */
const retryMs = 500;
/**
 * Before a refused set is tried again: what is refused while a nameserver's database is broken is
 * taken once it is mended. Milliseconds.
 */
const refusedMs = 5000;
/**
 * After a nameserver is back until it is read once more: requests that timed out while it stood
 * still are carried out when it goes on, after newer ones perhaps. Milliseconds.
 */
const recheckMs = 1000;

/** A nameserver the publisher keeps equal to the records: PowerDNS, or a map in a test. */
export interface PublishTarget {
  readonly server: NameServer;
  /** What it holds, by "name type", SOA left out. */
  read(): Promise<Map<string, Rrset>>;
  /** Replaces one set; no contents removes it. */
  write(set: Rrset): Promise<void>;
}

/** PowerDNS at one of the lab's nameservers. */
export function powerDnsTarget(server: NameServer): PublishTarget {
  return {
    server,
    read: async () => (await readZone(server)).rrsets,
    write: (set) => writeRrset(server, set),
  };
}

/**
 * Keeps one nameserver equal to the records of the API: each change arrives `lagMs` after it was
 * made, in order, with the faults that are on laid over. A nameserver that is away gets everything
 * when it is back.
 */
export class Publisher {
  readonly #target: PublishTarget;
  readonly #faults: () => readonly Fault[];
  readonly #log: (line: string) => void;
  /**
   * Records as they were after each change that is not due yet, in order, with the time they are
   * due. One that is due sooner waits for those before it.
   */
  #waiting: { readonly due: number; readonly records: readonly DnsRecord[] }[] = [];
  #records: readonly DnsRecord[];
  /** What the nameserver is known to hold; undefined when it must be asked first. */
  #held: Map<string, Rrset> | undefined;
  /**
   * Sets the nameserver refused, by key, so that one bad record is not tried all the time and stops
   * no other.
   */
  readonly #refused = new Map<string, { readonly content: string; readonly again: number }>();
  #pass: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** When the nameserver is to be asked what it holds, whatever is known. */
  #recheckAt: number | undefined;
  #closed = false;
  #failing = false;

  /**
   * Starts with `records`, which the nameserver gets at once: they were published before, or will
   * be needed by all.
   */
  constructor(
    target: PublishTarget,
    records: readonly DnsRecord[],
    faults: () => readonly Fault[],
    log: (line: string) => void,
  ) {
    this.#target = target;
    this.#records = records;
    this.#faults = faults;
    this.#log = log;
  }

  /** The records as they are after a change. */
  change(records: readonly DnsRecord[]): void {
    this.#waiting.push({ due: Date.now() + lagMs(this.#faults(), this.#target.server), records });
    void this.refresh();
  }

  /** Makes everything due now, whatever the lag. */
  catchUp(): Promise<void> {
    this.#records = this.#waiting.at(-1)?.records ?? this.#records;
    this.#waiting = [];
    return this.refresh();
  }

  /**
   * Makes the nameserver equal to what is due. Resolves after one attempt, done or not; never
   * rejects.
   */
  refresh(): Promise<void> {
    this.#pass = this.#pass.then(() => this.#attempt());
    return this.#pass;
  }

  /** Changes that wait for their time. */
  get waiting(): number {
    return this.#waiting.length;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#pass;
  }

  async #attempt(): Promise<void> {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const now = Date.now();
    while (this.#waiting[0] !== undefined && this.#waiting[0].due <= now)
      this.#records = this.#waiting.shift()?.records ?? this.#records;
    if (this.#recheckAt !== undefined && this.#recheckAt <= now)
      this.#held = this.#recheckAt = undefined;
    try {
      await this.#synchronise();
      if (this.#failing) this.#recheckAt = Date.now() + recheckMs;
      if (this.#failing)
        this.#log(`${this.#target.server}: answers again, all changes are published`);
      this.#failing = false;
    } catch (error) {
      this.#held = undefined; // the change may have been made before the answer was lost
      if (!this.#failing) this.#log(`${(error as Error).message}; its changes wait`);
      this.#failing = true;
    }
    const times = [
      ...(this.#waiting[0] ? [this.#waiting[0].due] : []),
      ...[...this.#refused.values()].map(({ again }) => again),
      ...(this.#recheckAt === undefined ? [] : [this.#recheckAt]),
    ];
    const next = this.#failing
      ? retryMs
      : times.length === 0
        ? undefined
        : Math.max(0, Math.min(...times) - Date.now());
    if (next !== undefined) this.#timer = setTimeout(() => void this.refresh(), next);
  }

  async #synchronise(): Promise<void> {
    const { server } = this.#target;
    const wanted = rrsetsOf(
      withFaults([...standingAnswers, ...this.#records.flatMap(answersOf)], this.#faults(), server),
    );
    this.#held ??= await this.#target.read();
    const changes = changesBetween(this.#held, wanted);
    const changed = new Set(changes.map(({ name, type }) => `${name} ${type}`));
    // nobody wants it any more
    for (const key of this.#refused.keys()) if (!changed.has(key)) this.#refused.delete(key);
    for (const set of changes) {
      const key = `${set.name} ${set.type}`;
      const content = JSON.stringify(set);
      const refused = this.#refused.get(key);
      if (refused?.content === content && Date.now() < refused.again) continue;
      try {
        await this.#target.write(set);
      } catch (error) {
        if (!(error instanceof RefusedChange)) throw error;
        this.#refused.set(key, { content, again: Date.now() + refusedMs });
        if (refused?.content !== content) this.#log(`${error.message}; left as it was`);
        continue;
      }
      this.#refused.delete(key);
      if (set.contents.length === 0) this.#held.delete(key);
      else this.#held.set(key, set);
    }
  }
}

/**
 * The sets to write so that a nameserver that holds `held` holds `wanted`. Removals come first: a
 * CNAME cannot stand beside what it replaces.
 */
export function changesBetween(
  held: ReadonlyMap<string, Rrset>,
  wanted: ReadonlyMap<string, Rrset>,
): Rrset[] {
  const removed = [...held.entries()]
    .filter(([key]) => !wanted.has(key))
    .map(([, set]): Rrset => ({ ...set, contents: [] }));
  const written = [...wanted.entries()]
    .filter(([key, set]) => {
      const before = held.get(key);
      return before?.ttl !== set.ttl || before.contents.join("\n") !== set.contents.join("\n");
    })
    .map(([, set]) => set);
  return [...removed, ...written];
}
