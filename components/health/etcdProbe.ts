/**
 * Asking real members whether they are one healthy cluster. Runs inside a dynamic provider: modules
 * are imported inside functions.
 */
import { accessControlAdvice, accessControlIsOn } from "./accessControl.ts";
import type { Asking } from "./asking.ts";
import { certificateTrouble } from "./certificateTrouble.ts";
import { sightsOf } from "./clusterIdentity.ts";
import { hex, inWords, withClient } from "./memberClient.ts";
import type { DeclaredMember, MemberReport } from "./memberHealth.ts";
import { membersNotHealthy, reasonsNotHealthy } from "./memberHealth.ts";
import { type Recognition, sentenceOf, type Stranger, strangerAmong } from "./memory.ts";

/** Where the health check writes; one small key, overwritten each time. */
export const markerKey = "_etcd-on-ec2/health";

export interface ClusterReport {
  /**
   * The one cluster ID, in hexadecimal as etcdctl prints it; empty when members disagree or none
   * answered.
   */
  readonly clusterId: string;
  readonly healthy: boolean;
  readonly reasons: readonly string[];
  /** The members whose answers are among the reasons. */
  readonly unhealthy: readonly string[];
  readonly members: readonly MemberReport[];
  /** Set when this is not the cluster that is remembered. Nothing was written to it then. */
  readonly stranger?: Stranger | undefined;
  /** Whether etcd does not let us, whatever its health is: waiting changes nothing. */
  readonly closedToUs: boolean;
}

/**
 * Asks every declared member once, or those of them that are `asked`, and judges the answers by the
 * whole declaration. Never throws: a dead member is a reason. With a `recognition` nothing is
 * written to another cluster.
 */
export async function probeCluster(
  declared: readonly DeclaredMember[],
  asking: Asking,
  asked = declared,
  recognition?: Recognition,
): Promise<ClusterReport> {
  const sights = await sightsOf(asked, asking);
  const stranger = recognition && strangerAmong(sights, recognition);
  const { randomBytes } = await import("node:crypto");
  const marker = randomBytes(8).toString("hex");
  const serving = asked.filter(({ name }) => sights.some((sight) => sight.name === name));
  const ask = () => askMembers(asked, asking, serving);
  const [unwritten, answers] = stranger
    ? ["", await ask()]
    : await writeAndAsk(asked, serving, marker, asking, ask);
  const compared = !stranger && !unwritten;
  const members = compared ? answers : answers.map((answer) => ({ ...answer, marker: "" }));
  const shown = compared ? marker : "";
  const refused = [unwritten, ...answers.map(({ error }) => error)];
  const closedToUs = refused.some((why) => why.includes(accessControlIsOn));
  const reasons = [
    ...(stranger ? [sentenceOf(stranger), ...stranger.differences] : []),
    ...(closedToUs ? [accessControlAdvice(asking.credentials !== undefined)] : []),
    ...(unwritten ? [`no member accepted a write: ${unwritten}`] : []),
    ...reasonsNotHealthy(declared, members, shown),
  ];
  const ids = new Set(members.filter((m) => !m.error).map((m) => m.clusterId));
  return {
    clusterId: ids.size === 1 ? ([...ids][0] ?? "") : "",
    healthy: reasons.length === 0,
    reasons,
    unhealthy: [
      ...new Set([...(stranger?.members ?? []), ...membersNotHealthy(declared, members, shown)]),
    ],
    members,
    stranger,
    closedToUs,
  };
}

/**
 * Writes the marker through one that serves, then asks all. Where none serves, the write will
 * hardly be taken, and is tried beside the questions, once: each member that hangs takes its time,
 * and a person waits.
 */
async function writeAndAsk(
  asked: readonly DeclaredMember[],
  serving: readonly DeclaredMember[],
  marker: string,
  asking: Asking,
  ask: () => Promise<readonly MemberReport[]>,
): Promise<readonly [unwritten: string, answers: readonly MemberReport[]]> {
  if (serving.length === 0) {
    const [unwritten, answers] = await Promise.all([
      writeMarker(asked.slice(0, 1), marker, asking),
      ask(),
    ]);
    if (unwritten) return [unwritten, answers];
    return ["", await ask()]; // they were asked before it stood there
  }
  const unwritten = await writeMarker(serving, marker, asking);
  return [unwritten, await ask()];
}

/**
 * What each member says of itself. Writes nothing. `serving` are those that have just answered: of
 * the others the certificate is looked at meanwhile, and not once they have been silent again.
 */
export function askMembers(
  members: readonly DeclaredMember[],
  asking: Asking,
  serving = members,
): Promise<MemberReport[]> {
  return Promise.all(
    members.map((member) => {
      const trouble = () => certificateTrouble(member, asking);
      if (serving.includes(member)) return probeMember(member, asking, trouble);
      const looked = trouble();
      looked.catch(() => undefined); // whoever waits for it is told
      return probeMember(member, asking, () => looked);
    }),
  );
}

/** Writes the marker through the first member that takes it. Returns why none did, or "". */
async function writeMarker(
  declared: readonly DeclaredMember[],
  marker: string,
  asking: Asking,
): Promise<string> {
  let why = "";
  for (const member of declared) {
    why = await withClient(
      member,
      asking,
      async (client) => {
        await client.put(markerKey).value(marker);
        return "";
      },
      inWords,
    );
    if (!why) return "";
  }
  return why;
}

/**
 * Everything one member says of itself; `trouble` says what is wrong with its certificate. Long,
 * because a report has many fields.
 */
async function probeMember(
  member: DeclaredMember,
  asking: Asking,
  trouble: () => Promise<string>,
): Promise<MemberReport> {
  const blank = {
    name: member.name,
    endpoint: member.endpoint,
    clusterId: "",
    memberId: "",
    leaderId: "",
    version: "",
    learner: false,
    dbSizeBytes: 0,
    revision: 0,
    alarms: [],
    members: [],
    marker: "",
  };
  return withClient(
    member,
    asking,
    async (client): Promise<MemberReport> => {
      const status = await client.maintenance.status();
      const [list, alarms] = await Promise.all([
        client.cluster.memberList({}),
        client.maintenance.alarm({ action: 0, memberID: 0, alarm: 0 }),
      ]);
      const own = list.members.find((m) => m.ID === status.header.member_id);
      const partial: MemberReport = {
        ...blank,
        error: "",
        clusterId: hex(status.header.cluster_id),
        memberId: hex(status.header.member_id),
        leaderId: hex(status.leader),
        version: status.version,
        learner: own?.isLearner === true,
        dbSizeBytes: Number(status.dbSize),
        revision: Number(status.header.revision),
        alarms: alarms.alarms
          .filter((a) => a.memberID === status.header.member_id)
          .map((a) => String(a.alarm)),
        members: list.members.map((m) => ({
          id: hex(m.ID),
          name: m.name,
          peerUrls: m.peerURLs,
          learner: m.isLearner,
        })),
      };
      // Last, because without a quorum a linearizable read fails while status still tells what is
      // wrong.
      const read = await client
        .get(markerKey)
        .string()
        .then(
          (value) => ({ marker: value ?? "", error: "" }),
          (e: unknown) => ({ marker: "", error: `cannot read (${inWords(e)})` }),
        );
      return { ...partial, ...read };
    },
    async (e) => ({
      ...blank,
      error: [inWords(e), await trouble()].filter(Boolean).join("; "),
    }),
  );
}
