import type { Mismatch, MismatchKind } from "./dnsAnswers.ts";
import { serviceOf, type ExpectedDns } from "./dnsExpectation.ts";

/** What a person reads while the gate waits: one short line, the first few mismatches only. */
export function describeWaiting(
  mismatches: readonly Mismatch[],
  waitedSeconds: number,
  timeoutSeconds: number,
): string {
  const shown = mismatches.slice(0, 3).map((m) => `${m.record} at ${m.server}: ${m.problem}`);
  const more =
    mismatches.length > shown.length ? ` (and ${mismatches.length - shown.length} more)` : "";
  return (
    `waiting for DNS, ${Math.round(waitedSeconds)} s of ${timeoutSeconds} s: ` +
    `${shown.join("; ")}${more}`
  );
}

/** The message on expiry: what was awaited, a line for each mismatch, and the next step. */
export function describeFailure(
  expected: Pick<ExpectedDns, "service" | "domain">,
  mismatches: readonly Mismatch[],
  waitedSeconds: number,
): string {
  const wide = (pick: (m: Mismatch) => string) =>
    Math.max(0, ...mismatches.map((m) => pick(m).length));
  const record = wide((m) => m.record);
  const server = wide((m) => m.server);
  const { domain } = expected;
  const after = `after ${Math.round(waitedSeconds)} s`;
  return [
    serviceOf(expected) === "client"
      ? `Clients cannot find ${domain} yet ${after}. The cluster is up and healthy; only the ` +
        "records that clients look up are not right everywhere."
      : `DNS for ${domain} is not complete ${after}. etcd would form a wrong cluster, so ` +
        "nothing was started.",
    ...mismatches.map(
      (m) => `  ${m.record.padEnd(record)}   ${m.server.padEnd(server)}   ${m.problem}`,
    ),
    `  ${nextStep(mismatches)}`,
  ].join("\n");
}

/**
 * What to do: records that contradict the cluster have to be repaired by someone; records that are
 * late only need time.
 */
function nextStep(mismatches: readonly Mismatch[]): string {
  const has = (...kinds: MismatchKind[]) => mismatches.some((m) => kinds.includes(m.kind));
  if (
    has(
      "stale target",
      "duplicate target",
      "wrong port",
      "both server kinds",
      "both client kinds",
      "wrong address",
      "proxied address",
    )
  ) {
    return (
      "Correct the records named above at Cloudflare (another tool or an earlier cluster " +
      "may own them), then run `pulumi up` again."
    );
  }
  if (has("no authority", "refused"))
    return (
      "Check `etcd:nameservers` and whether port 53 to them is open from here, then run " +
      "`pulumi up` again."
    );
  if (has("server silent", "SERVFAIL"))
    return "Run `pulumi up` again when every nameserver answers; nothing needs repair.";
  return (
    "Run `pulumi up` again when the nameservers have caught up; nothing needs repair " +
    "unless a record was removed by hand (then add `--refresh`)."
  );
}
