/**
 * What "healthy" means, as a pure judgement over what the members said. Green lights alone prove
 * nothing: two clusters of half the nodes are both green (etcd issue 5909), so identity and
 * membership are compared with the declaration.
 */

/** A member as the stack declares it. */
export interface DeclaredMember {
  readonly name: string;
  /**
   * Client URL with the private address: the check must not depend on the asking machine's
   * resolver.
   */
  readonly endpoint: string;
  readonly peerUrl: string;
}

/** What one member answered, or why it did not. */
export interface MemberReport {
  readonly name: string;
  readonly endpoint: string;
  /** Empty when everything was answered. */
  readonly error: string;
  readonly clusterId: string;
  readonly memberId: string;
  readonly leaderId: string;
  readonly version: string;
  readonly learner: boolean;
  readonly dbSizeBytes: number;
  readonly revision: number;
  readonly alarms: readonly string[];
  /** Its own view of the member list. */
  readonly members: readonly {
    readonly id: string;
    readonly name: string;
    readonly peerUrls: readonly string[];
    readonly learner: boolean;
  }[];
  /** The marker as read through this member, linearizably. */
  readonly marker: string;
}

/** What keeps a set of reports from being one healthy cluster, and whose reports say so. */
interface Trouble {
  readonly members: readonly string[];
  readonly reason: string;
}

/**
 * Everything that keeps this set of reports from being one healthy cluster of exactly the declared
 * members. Empty: healthy.
 */
export function reasonsNotHealthy(
  declared: readonly DeclaredMember[],
  reports: readonly MemberReport[],
  marker: string,
): string[] {
  return troubles(declared, reports, marker).map(({ reason }) => reason);
}

/**
 * The members whose reports speak against the cluster: none, exactly when there is no reason, so
 * one member cannot be called healthy by another rule than the whole is.
 */
export function membersNotHealthy(
  declared: readonly DeclaredMember[],
  reports: readonly MemberReport[],
  marker: string,
): string[] {
  const named = troubles(declared, reports, marker).flatMap(({ members }) => members);
  return [...new Set(named)];
}

function troubles(
  declared: readonly DeclaredMember[],
  reports: readonly MemberReport[],
  marker: string,
): Trouble[] {
  const answered = reports.filter((r) => !r.error);
  const each = (
    asked: readonly MemberReport[],
    reasons: (report: MemberReport) => readonly string[],
  ): Trouble[] => asked.flatMap((r) => reasons(r).map((reason) => ({ members: [r.name], reason })));
  const all = (asked: readonly MemberReport[], reasons: readonly string[]): Trouble[] =>
    reasons.map((reason) => ({ members: asked.map((r) => r.name), reason }));
  return [
    ...each(reports, (r) => (r.error ? [`${r.name} (${r.endpoint}): ${r.error}`] : [])),
    ...all(answered, clusterIdReasons(answered)),
    ...each(answered, (r) => membershipReasons(declared, r)),
    ...all(answered.some(noLeader) ? answered.filter(noLeader) : answered, leaderReasons(answered)),
    ...each(answered, (r) =>
      r.learner ? [`${r.name} is a learner: it holds data but has no vote`] : [],
    ),
    ...each(answered, (r) => r.alarms.map((alarm) => `${r.name} raises the alarm ${alarm}`)),
    ...each(answered, (r) => markerReasons(r, marker)),
  ];
}

function markerReasons(report: MemberReport, marker: string): string[] {
  if (report.marker === marker) return [];
  return [
    `${report.name} does not show the marker written a moment ago (read ` +
      `${report.marker ? "an older one" : "nothing"}): it serves other data`,
  ];
}

function clusterIdReasons(reports: readonly MemberReport[]): string[] {
  const ids = new Map<string, string[]>();
  for (const r of reports) ids.set(r.clusterId, [...(ids.get(r.clusterId) ?? []), r.name]);
  if (ids.size <= 1) return [];
  return [
    `${ids.size} clusters instead of one: ` +
      `${[...ids].map(([id, names]) => `${names.join(", ")} in ${id}`).join("; ")}`,
  ];
}

function membershipReasons(declared: readonly DeclaredMember[], report: MemberReport): string[] {
  const reasons: string[] = [];
  for (const { name, peerUrl } of declared) {
    const listed = report.members.filter((m) => m.name === name);
    if (!listed.length)
      reasons.push(`${report.name} does not list ${name} (${peerUrl}) as a member`);
    for (const m of listed) {
      if (m.peerUrls.join() !== peerUrl)
        reasons.push(
          `${report.name} lists ${name} at ${m.peerUrls.join(", ") || "no peer URL"}, ` +
            `declared ${peerUrl}`,
        );
    }
  }
  for (const m of report.members) {
    if (!declared.some((d) => d.name === m.name)) {
      reasons.push(
        `${report.name} lists ${m.name ? m.name : "a member that never started"} ` +
          `(${m.peerUrls.join(", ")}), which is not declared`,
      );
    }
  }
  return reasons;
}

function leaderReasons(reports: readonly MemberReport[]): string[] {
  const leaders = [...new Set(reports.map((r) => r.leaderId))];
  const without = reports.filter(noLeader).map((r) => r.name);
  if (without.length)
    return [`${without.join(", ")} ${without.length > 1 ? "see" : "sees"} no leader`];
  return leaders.length > 1 ? [`${leaders.length} leaders are named instead of one`] : [];
}

function noLeader({ leaderId }: MemberReport): boolean {
  return !leaderId || leaderId === "0";
}
