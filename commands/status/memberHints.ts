/** What to type where etcd's list of members is not what is declared, or has an alarm. Pure. */
import type { MemberReport } from "../../components/health/memberHealth.ts";
import type { DeclaredNow } from "./declaredNow.ts";

/** How a person calls what these hints name, on the stack that was looked at. */
export interface HintCommands {
  pulumi(args: string): string;
  readonly etcdctl: string;
}

/** What is read here of what a member says. */
type Told = Pick<MemberReport, "name" | "error" | "members" | "alarms" | "revision">;

/**
 * A line for each member that is too much, missing, or has no vote, and for each alarm; one for all
 * that do not answer.
 */
export function memberHints(
  { declared, coming, leaving }: DeclaredNow,
  reports: readonly Told[],
  { pulumi, etcdctl }: HintCommands,
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
    ...strangers.map(({ id, name, peerUrls }) => {
      const leaver = leaving.find(({ peerUrl }) => peerUrls.join() === peerUrl);
      return leaver
        ? `${leaver.name} was taken out of nodes and is a member still: ${pulumi("up")} goes on ` +
            "where a run was cut off, and removes it"
        : `${name || "The member that never started"} (${peerUrls.join(", ")}) is not among ` +
            `nodes. If somebody added it by hand: ${etcdctl} member remove ${id}. If it was ` +
            `taken out of nodes: ${pulumi("up")} removes it. If the state is older than that: ` +
            "docs/when-things-go-wrong.md";
    }),
    ...missing.map(({ name }) =>
      coming.includes(name)
        ? `${name} has not joined yet: ${pulumi("up")} goes on where a run was cut off`
        : `${name} is no member any more. If somebody removed it by hand: ` +
          `${pulumi(`config set etcd:rejoin ${name}`)}, then ${pulumi("up")}, which sets its old ` +
          `data aside and lets it join anew. If its disk is lost: ${pulumi("up --refresh")}`,
    ),
    ...learners.map(({ name, peerUrls }) => {
      const called = name || ours(peerUrls)?.name;
      return `${called} has no vote yet: ${pulumi("up")} goes on where a run was cut off`;
    }),
    ...alarmHints(reports, etcdctl),
    ...silenceHint(
      reports.filter(({ name, error }) => error && !coming.includes(name)),
      pulumi("up --refresh"),
    ),
  ];
}

/** `up` alone believes the state, which knows nothing of it. */
function silenceHint(silent: readonly Told[], refresh: string): string[] {
  if (silent.length === 0) return [];
  const names = silent.map(({ name }) => name).join(", ");
  return [
    `What can be done for ${names} without you, ${refresh} does: it looks at the machines, ` +
      "starts etcd or replaces what is lost, and says what is left to a person",
  ];
}

/** One line for each kind of alarm, whoever raises it. */
function alarmHints(reports: readonly Told[], etcdctl: string): string[] {
  const alarms = new Set(reports.flatMap((report) => report.alarms));
  const revision = Math.max(...reports.map((report) => report.revision));
  return [...alarms].map((alarm) =>
    alarm.toUpperCase() === "NOSPACE"
      ? `The database's quota is used up, and no write is taken: ${etcdctl} compact ${revision}, ` +
        `${etcdctl} defrag, then ${etcdctl} alarm disarm`
      : `The alarm ${alarm}: stop writing and keep all disks; see it in docs/troubleshooting.md`,
  );
}
