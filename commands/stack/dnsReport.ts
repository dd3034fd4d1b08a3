/** Whether the nameservers say what the last `up` declared: what clients and members see. */
import type { MismatchKind, Mismatch } from "../../components/dns/dnsAnswers.ts";
import type { NamedMember } from "../../components/dns/dnsExpectation.ts";
import {
  type DnsLook,
  formerMembers,
  type GateOutputs,
  lookAtDns,
} from "../../components/dns/dnsReadiness.ts";
import type { SavedCluster } from "./savedCluster.ts";

export interface DnsReport {
  /** "unknown": nobody could be asked from here, or the state says nothing of records. */
  readonly is: "as declared" | "different" | "unknown";
  /** Each difference, or why nothing could be seen, in words. */
  readonly problems: readonly string[];
  /** What mends it, or "". */
  readonly cure: string;
  /** Full names of members that are not declared any more and still named: no difference. */
  readonly leaving: readonly string[];
  /** Those that a run which was cut off has named, before the gate knew them: no difference. */
  readonly coming: readonly string[];
}

/** Each look may take this long: a nameserver that is out of reach must not hold `status` up. */
const lookMs = 5000;

/**
 * Asks the authoritative servers once for all that was declared (`dns`); whom the stack's own
 * records name (`named`) is no stranger. `refresh` is what a person types for an `up --refresh`.
 * Never rejects.
 */
export async function dnsReport(
  { dns, named }: Pick<SavedCluster, "dns" | "named">,
  refresh: string,
): Promise<DnsReport> {
  if (dns.length === 0) return unknown("the state says nothing of records");
  try {
    const looks = await Promise.all(dns.map((gate) => lookAtDns(tolerating(gate, named), lookMs)));
    const former = dns.flatMap((gate) => gate.former ?? []).map(({ target }) => target);
    return reportOf(looks, former, refresh);
  } catch (e) {
    return unknown((e as Error).message);
  }
}

function unknown(why: string): DnsReport {
  return { is: "unknown", problems: [why], cure: "", leaving: [], coming: [] };
}

/** The gate, which lets the records of these be there as well. */
function tolerating(gate: GateOutputs, named: readonly NamedMember[]): GateOutputs {
  return {
    ...gate,
    former: formerMembers({ ...gate, former: [...(gate.former ?? []), ...named] }, gate.expected),
  };
}

/** What cannot be seen from here is no difference. */
const unseen: readonly MismatchKind[] = ["server silent", "SERVFAIL", "refused", "no authority"];
/** What a record of ours lacks. */
const missing: readonly MismatchKind[] = [
  "not published",
  "on some servers only",
  "target without address",
];
/** A record of ours that was changed, or another beside it; anything else is somebody else's. */
const changed: readonly MismatchKind[] = ["wrong address", "wrong port", "proxied address"];

/** `former`: full names of members of before. Pure. */
export function reportOf(
  looks: readonly DnsLook[],
  former: readonly string[],
  refresh: string,
): DnsReport {
  const mismatches = looks.flatMap((look) => look.mismatches);
  const all = new Set(looks.flatMap((look) => look.leaving.map(({ target }) => target)));
  const named = [...all].sort();
  return {
    ...judged(mismatches, refresh),
    leaving: named.filter((target) => former.includes(target)),
    coming: named.filter((target) => !former.includes(target)),
  };
}

function judged(
  mismatches: readonly Mismatch[],
  refresh: string,
): Omit<DnsReport, "leaving" | "coming"> {
  const inWords = ({ record, server, problem }: Mismatch) => `${record} at ${server}: ${problem}`;
  const seen = mismatches.filter(({ kind }) => !unseen.includes(kind));
  const problems = [...new Set((seen.length ? seen : mismatches).map(inWords))];
  if (problems.length === 0) return { is: "as declared", problems, cure: "" };
  if (seen.length === 0)
    return { is: "unknown", problems, cure: "Is port 53 of the nameservers open from here?" };
  const kinds = new Set(seen.map(({ kind }) => kind));
  return { is: "different", problems, cure: cureOf([...kinds], refresh) };
}

function cureOf(kinds: readonly MismatchKind[], refresh: string): string {
  const again = `Records that were removed or changed by hand are made again by: ${refresh}`;
  if (kinds.every((kind) => missing.includes(kind))) return again;
  if (kinds.every((kind) => missing.includes(kind) || changed.includes(kind)))
    return `${again}. What is named even then is somebody else's: remove it at Cloudflare`;
  return (
    "Records at these names that the state does not know would be mixed with the cluster's. " +
    "If their comment is this stack's mark, the state is older than the world: see that in " +
    "docs/when-things-go-wrong.md. Others' have to go: remove them at Cloudflare; then " +
    `${refresh} makes its own again`
  );
}
