/** All that `status` looks at, at the same time. */
import { X509Certificate } from "node:crypto";
import { credentialsOf } from "../../components/health/asking.ts";
import { certificateEnd } from "../../components/health/certificateTrouble.ts";
import { probeCluster, type ClusterReport } from "../../components/health/etcdProbe.ts";
import type { MemberReport } from "../../components/health/memberHealth.ts";
import { dnsReport, type DnsReport } from "../stack/dnsReport.ts";
import { machineWords } from "../stack/machineWords.ts";
import { savedCluster } from "../stack/savedCluster.ts";
import { type SshLogin, sshLogin } from "../stack/sshLogin.ts";
import type { StackAccess } from "../stack/stackAccess.ts";
import { stackOutputs } from "../stack/stackOutputs.ts";
import { declaredNow } from "./declaredNow.ts";
import { memberHints } from "./memberHints.ts";

/** One member, as the table and --json show it. */
export type Row = ReturnType<typeof rowOf>;

export interface Status extends Pick<
  ClusterReport,
  "clusterId" | "healthy" | "reasons" | "stranger"
> {
  readonly members: readonly Row[];
  /** Members of a run that was cut off: nobody has reached their machines yet. */
  readonly coming: readonly string[];
  /** What to type where etcd's list is not the declared members, or it has an alarm. */
  readonly memberHints: readonly string[];
  readonly dns: DnsReport;
  /** What the machines of members that do not answer say, by member. */
  readonly machines: Readonly<Record<string, readonly string[]>>;
  /** When each certificate ends, in milliseconds since 1970, by whose it is; none without TLS. */
  readonly certificateEnds: Readonly<Record<string, number>>;
}

const deadlineMs = 2000;
/** A member that has not answered until then hangs, and the key to its machine will be needed. */
const slowMs = 1500;
/** Since the command was typed: then machines are given up, too; they have 2 s in any case. */
const enoughMs = 8000;

/** Throws, saying what to type, when the stack has no cluster. */
export async function lookAt(stack: StackAccess): Promise<Status> {
  const [outputs, saved] = await Promise.all([stackOutputs(stack), savedCluster(stack)]);
  const { identity } = outputs;
  const { memory: known } = saved;
  const asking = { deadlineMs, credentials: credentialsOf(identity) };
  const now = declaredNow(outputs, saved.dns);
  const { declared } = now;
  // The CLI takes a second for it: it is asked beside the members that hang.
  let login: Promise<SshLogin> | undefined;
  const loginOnce = () => (login ??= sshLogin(stack));
  const slow = setTimeout(() => void loginOnce().catch(() => undefined), slowMs);
  const [report, dns, ends] = await Promise.all([
    probeCluster(declared, asking, declared, known && { founding: known.word, known }),
    dnsReport(saved, stack.pulumi("up --refresh")),
    Promise.all(
      declared.map(async (member) => asking.credentials && certificateEnd(member, asking)),
    ),
  ]);
  clearTimeout(slow);
  const silent = report.members
    .filter(({ name, error }) => error && !now.coming.includes(name))
    .map(({ name }) => name);
  const { clusterId, healthy, reasons, stranger } = report;
  return {
    clusterId,
    healthy,
    reasons,
    stranger,
    members: report.members.map((m, i) => rowOf(m, report.unhealthy, ends[i], saved.since[m.name])),
    coming: now.coming,
    memberHints: memberHints(now, report.members, {
      pulumi: stack.pulumi,
      etcdctl: stack.npmRun("etcdctl"),
    }),
    dns,
    machines: await machineWords(silent, outputs, loginOnce, () =>
      Math.max(2000, enoughMs - performance.now()),
    ),
    certificateEnds: Object.fromEntries([
      ...(identity ? [["the operator", endOf(identity.certificate)] as const] : []),
      ...(identity ? [["the CA", endOf(identity.ca)] as const] : []),
      ...declared.flatMap(({ name }, i) => (ends[i] === undefined ? [] : [[name, ends[i]]])),
    ]),
  };
}

/**
 * What `status` tells of one member; `end`: when its certificate ends; `since`: when it was first
 * seen as a voter, in ISO form.
 */
function rowOf(m: MemberReport, unhealthy: readonly string[], end?: number, since = "") {
  return {
    name: m.name,
    endpoint: m.endpoint,
    version: m.version,
    healthy: !unhealthy.includes(m.name),
    leader: m.leaderId !== "" && m.leaderId === m.memberId,
    learner: m.learner,
    since,
    dbSizeBytes: m.dbSizeBytes,
    revision: m.revision,
    alarms: m.alarms,
    certificateDays: end === undefined ? null : Math.floor((end - Date.now()) / 86_400_000),
  };
}

function endOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}
