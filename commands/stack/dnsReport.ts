/** Whether the nameservers say what the last `up` declared: what clients and members see. */
import type { MismatchKind, Mismatch } from "../../components/dns/dnsAnswers.ts";
import { type DnsLook, type GateOutputs, lookAtDns } from "../../components/dns/dnsReadiness.ts";

export interface DnsReport {
  /** "unknown": nobody could be asked from here, or the state says nothing of records. */
  readonly is: "as declared" | "different" | "unknown";
  /** Each difference, or why nothing could be seen, in words. */
  readonly problems: readonly string[];
  /** What mends it, or "". */
  readonly cure: string;
  /** Full names of members that have left and are still named: no difference, for a while. */
  readonly leaving: readonly string[];
}

/** Each look may take this long: a nameserver that is out of reach must not hold `status` up. */
const lookMs = 5000;

/** Asks the authoritative servers once for all that was declared. Never rejects. */
export async function dnsReport(declared: readonly GateOutputs[]): Promise<DnsReport> {
  if (declared.length === 0) return unknown("the state says nothing of records");
  try {
    const looks = await Promise.all(declared.map((inputs) => lookAtDns(inputs, lookMs)));
    return reportOf(looks);
  } catch (e) {
    return unknown((e as Error).message);
  }
}

function unknown(why: string): DnsReport {
  return { is: "unknown", problems: [why], cure: "", leaving: [] };
}

/** What cannot be seen from here is no difference. */
const unseen: readonly MismatchKind[] = ["server silent", "SERVFAIL", "refused", "no authority"];
/** What a record of ours lacks; anything else is there and should not be. */
const missing: readonly MismatchKind[] = [
  "not published",
  "on some servers only",
  "target without address",
];

/** Pure. */
export function reportOf(looks: readonly DnsLook[]): DnsReport {
  const mismatches = looks.flatMap((look) => look.mismatches);
  const named = looks.flatMap((look) => look.leaving.map(({ target }) => target));
  return { ...judged(mismatches), leaving: [...new Set(named)].sort() };
}

function judged(mismatches: readonly Mismatch[]): Omit<DnsReport, "leaving"> {
  const inWords = ({ record, server, problem }: Mismatch) => `${record} at ${server}: ${problem}`;
  const seen = mismatches.filter(({ kind }) => !unseen.includes(kind));
  const problems = [...new Set((seen.length ? seen : mismatches).map(inWords))];
  if (problems.length === 0) return { is: "as declared", problems, cure: "" };
  if (seen.length === 0)
    return { is: "unknown", problems, cure: "Is port 53 of the nameservers open from here?" };
  const onlyMissing = seen.every(({ kind }) => missing.includes(kind));
  return {
    is: "different",
    problems,
    cure: onlyMissing
      ? "Records that were removed or changed by hand are made again by: pulumi up --refresh"
      : "Records of others at these names have to go, or the cluster's would be mixed with them: " +
        "remove them at Cloudflare; then pulumi up --refresh makes its own again",
  };
}
