import { Failures } from "./failures.ts";
import type {
  DiagnosticEvent,
  EngineEvent,
  StepEventMetadata,
} from "@pulumi/pulumi/automation/index.js";

type Step = Pick<StepEventMetadata, "op" | "urn" | "type">;

/**
 * What a group of resources is called on the screen, by type and name. Types that are not here are
 * named after their last part.
 */
const groups: readonly (readonly [RegExp, string])[] = [
  [/^aws:.*(securityGroup|keyPair|networkInterface|eip)/i, "network"],
  [/^aws:.*volume/i, "volumes"],
  [/^aws:ec2\/instance/, "machines"],
  [/^cloudflare:.*dnsRecord/i, "DNS records"],
  [/HostKey|FirstContact/, "host keys"],
  [/Certificate/, "certificates"],
  [/DnsReadiness .*-clients-dns$/, "client DNS"],
  [/DnsReadiness/, "DNS gate"],
  [/^command:|MemberShutdown/, "bootstrap"],
  [/:Membership/, "members"],
  [/ClusterHealth/, "health"],
];
const verbs: Readonly<Record<string, string>> = {
  create: "made",
  "create-replacement": "made",
  update: "changed",
  delete: "removed",
  "delete-replaced": "removed",
  refresh: "looked at",
  read: "read",
  "discard-replaced": "removed",
};
const quietMs = 400;
const reminderMs = 10_000;

/**
 * Resources of one kind that are made in one go: since when each runs, how many ended how, and when
 * the first began and the last ended.
 */
interface Group {
  readonly running: Map<string, number>;
  readonly done: Map<string, number>;
  readonly first: number;
  last: number;
}

/**
 * Turns the engine's events into a few lines a person follows: one for each group of resources when
 * it is done, what dynamic resources and commands say while they wait, and every 10 s of silence
 * what is still running. Times are milliseconds of one clock, given by the caller.
 */
export class PulumiProgress {
  readonly #groups = new Map<string, Group>();
  readonly #busy = new Map<string, number>();
  /** When each group last ended, by what it is called. */
  readonly endedAt = new Map<string, number>();
  /** When something was last said, by who says it and its words without numbers. */
  readonly #said = new Map<string, number>();
  /** When the last line was told, or the first event came. */
  #spoke: number | undefined;
  /** What was said with severity error. */
  readonly failures = new Failures();
  /** Number of resources by operation, at the end. */
  changes: Readonly<Record<string, number>> = {};

  /** Takes one event and returns the lines to print. */
  take(event: EngineEvent, now: number): string[] {
    const begun = event.resourcePreEvent?.metadata;
    const ended = event.resOutputsEvent?.metadata ?? event.resOpFailedEvent?.metadata;
    this.failures.take(event);
    if (event.summaryEvent?.resourceChanges) this.changes = event.summaryEvent.resourceChanges;
    if (begun && isWork(begun)) {
      const group = this.#group(begun, now);
      group.running.set(nameOf(begun.urn), now);
    }
    if (ended && isWork(ended)) {
      const group = this.#group(ended, now);
      group.running.delete(nameOf(ended.urn));
      group.last = now;
      const verb = event.resOpFailedEvent ? "failed" : (verbs[ended.op] ?? ended.op);
      group.done.set(verb, (group.done.get(verb) ?? 0) + 1);
    }
    return this.#say(
      now,
      event.diagnosticEvent ? this.#diagnostic(event.diagnosticEvent, now) : [],
    );
  }

  /** Lines that become due by the passing of time alone. */
  tick(now: number): string[] {
    const lines = [...this.#groups].flatMap(([label, group]) =>
      group.running.size === 0 && now - group.last >= quietMs ? this.#finish(label, group) : [],
    );
    if (lines.length === 0 && this.#spoke !== undefined && now - this.#spoke >= reminderMs) {
      const running = [...this.#groups]
        .filter(([, group]) => group.running.size > 0)
        .map(
          ([label, group]) =>
            `${label} (${[...group.running.keys()].join(", ")}, ` +
            `${seconds(now - Math.min(...group.running.values()))})`,
        );
      if (running.length > 0) lines.push(`still at work: ${running.join("; ")}`);
    }
    return this.#say(now, lines);
  }

  /** Lines for what has not been told yet, at the end. */
  finish(): string[] {
    return [...this.#groups].flatMap(([label, group]) => this.#finish(label, group));
  }

  /** How long each group was at work, in seconds, in order of begin. Groups overlap. */
  busy(): { name: string; seconds: number }[] {
    return [...this.#busy].map(([name, ms]) => ({ name, seconds: ms / 1000 }));
  }

  #group(step: Step, now: number): Group {
    const label = labelOf(step);
    const group = this.#groups.get(label) ?? {
      running: new Map(),
      done: new Map(),
      first: now,
      last: now,
    };
    this.#groups.set(label, group);
    if (!this.#busy.has(label)) this.#busy.set(label, 0); // keeps the order of begin
    return group;
  }

  #finish(label: string, group: Group): string[] {
    this.#groups.delete(label);
    this.#busy.set(label, (this.#busy.get(label) ?? 0) + group.last - group.first);
    this.endedAt.set(label, group.last);
    if (group.done.size === 0) return [];
    return [
      `${label.padEnd(12)} ` +
        `${[...group.done].map(([verb, count]) => `${count} ${verb}`).join(", ")} ` +
        `(${seconds(group.last - group.first)})`,
    ];
  }

  /** A poll says the same again and again with other numbers: every 10 s is enough. */
  #diagnostic({ urn, message, severity }: DiagnosticEvent, now: number): string[] {
    const text = message.trim();
    // the engine knows a severity more than its types
    if (text === "" || ["debug", "error"].includes(String(severity))) return [];
    const words = `${urn} ${text.replace(/\d+/g, "#")}`;
    if (now - (this.#said.get(words) ?? -Infinity) < reminderMs) return [];
    this.#said.set(words, now);
    return text
      .split("\n")
      .map(
        (line) =>
          `  ${urn && !urn.includes("pulumi:pulumi:Stack") ? `${nameOf(urn)}: ` : ""}${line}`,
      );
  }

  #say(now: number, lines: string[]): string[] {
    if (lines.length > 0) this.#spoke = now;
    this.#spoke ??= now;
    return lines;
  }
}

/**
 * Components, providers and the stack itself are frames around the work; what stays the same is
 * none.
 */
function isWork({ type, op }: Step): boolean {
  return op !== "same" && !type.startsWith("pulumi:") && !/^etcd:index:/.test(type);
}

function labelOf({ type, urn }: Step): string {
  return (
    groups.find(([pattern]) => pattern.test(`${type} ${nameOf(urn)}`))?.[1] ??
    (type.split(/[:/]/).at(-1) ?? type).toLowerCase()
  );
}

const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;
const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
