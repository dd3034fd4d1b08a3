/** What to type where etcd's list of members is not what is declared. Pure. */
import type { DeclaredMember, MemberReport } from "../../components/health/memberHealth.ts";

/** A line for each member that is too much, missing, or has no vote. */
export function memberHints(
  declared: readonly DeclaredMember[],
  reports: readonly Pick<MemberReport, "members">[],
): string[] {
  const told = reports.filter(({ members }) => members.length > 0);
  const listed = new Map(told.flatMap(({ members }) => members).map((m) => [m.id, m]));
  const ours = (peerUrls: readonly string[]) =>
    declared.find(({ peerUrl }) => peerUrls.join() === peerUrl);
  const strangers = [...listed.values()].filter(({ peerUrls }) => !ours(peerUrls));
  const learners = [...listed.values()].filter((m) => m.learner && ours(m.peerUrls));
  const missing = declared.filter(
    ({ peerUrl }) =>
      told.length > 0 && ![...listed.values()].some((m) => m.peerUrls.join() === peerUrl),
  );
  return [
    ...strangers.map(
      ({ id, name, peerUrls }) =>
        `${name || "The member that never started"} (${peerUrls.join(", ")}) is not among nodes. ` +
        `If somebody added it by hand: npm run etcdctl -- member remove ${id}. If it was taken ` +
        "out of nodes: pulumi up removes it",
    ),
    ...missing.map(
      ({ name }) =>
        `${name} is no member any more: pulumi up --refresh lets it join anew, or says what to do`,
    ),
    ...learners.map(({ name, peerUrls }) => {
      const called = name || ours(peerUrls)?.name;
      return `${called} has no vote yet: pulumi up goes on where a run was cut off`;
    }),
  ];
}
