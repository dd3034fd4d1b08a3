/**
 * Asking real members, through etcd3: one client for each endpoint, a deadline on every call.
 *
 * One client for all would send `maintenance` calls to a random host; the default fault handling
 * turns a 2 s deadline into 6 s and, after an error, answers "circuit open" without asking
 * (measured with etcd3 1.1.2), so both policies are off. Runs inside a dynamic provider: modules
 * are imported inside functions.
 */
import type { Etcd3, IOptions } from "etcd3";
import { byAddress, type Asking } from "./asking.ts";
import { certificateTrouble } from "./certificateTrouble.ts";
import type { DeclaredMember, MemberReport } from "./memberHealth.ts";
import { membersNotHealthy, reasonsNotHealthy } from "./memberHealth.ts";

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
}

/**
 * Asks every declared member once, or those of them that are `asked`, and judges the answers by the
 * whole declaration. Never throws: a dead member is a reason.
 */
export async function probeCluster(
  declared: readonly DeclaredMember[],
  asking: Asking,
  asked = declared,
): Promise<ClusterReport> {
  const { randomBytes } = await import("node:crypto");
  const marker = randomBytes(8).toString("hex");
  const written = await writeMarker(asked, marker, asking);
  const members = await Promise.all(asked.map((member) => probeMember(member, asking)));
  const shown = written ? "" : marker;
  const reasons = [
    ...(written ? [`no member accepted a write: ${written}`] : []),
    ...reasonsNotHealthy(declared, members, shown),
  ];
  const ids = new Set(members.filter((m) => !m.error).map((m) => m.clusterId));
  return {
    clusterId: ids.size === 1 ? ([...ids][0] ?? "") : "",
    healthy: reasons.length === 0,
    reasons,
    unhealthy: membersNotHealthy(declared, members, shown),
    members,
  };
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

/** Everything one member says of itself. Long, because a report has many fields. */
async function probeMember(member: DeclaredMember, asking: Asking): Promise<MemberReport> {
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
      error: [inWords(e), await certificateTrouble(member, asking)].filter(Boolean).join("; "),
    }),
  );
}

async function withClient<T>(
  member: DeclaredMember,
  { deadlineMs, credentials, accessTo = byAddress }: Asking,
  use: (client: Etcd3) => Promise<T>,
  failed: (error: unknown) => T | Promise<T>,
): Promise<T> {
  const { Etcd3 } = await import("etcd3");
  const { noop } = await import("cockatiel");
  const { protocol, port } = new URL(member.endpoint);
  // The certificate is checked for the member's name: TLS knows no address as server name.
  const byName = { "grpc.ssl_target_name_override": new URL(member.peerUrl).hostname };
  let close = () => {};
  try {
    const dialled = await accessTo(member).dial(Number(port));
    const options: IOptions = {
      hosts: `${protocol}//${dialled.host}:${dialled.port}`,
      ...(credentials ? { credentials, grpcOptions: byName } : {}),
      faultHandling: { host: () => noop, global: noop },
      defaultCallOptions: (call) => (call.isStream ? {} : { deadline: Date.now() + deadlineMs }),
    };
    const client = new Etcd3(options);
    close = () => {
      client.close();
      dialled.close();
    };
    return await use(client);
  } catch (e) {
    return await failed(e);
  } finally {
    close();
  }
}

/**
 * A gRPC error as a short sentence; the class tells the kind, because `code` is undefined in etcd3
 * 1.1.2.
 */
function inWords(error: unknown): string {
  const { name = "", message = String(error) } = error as { name?: string; message?: string };
  const kind = error?.constructor?.name ?? name;
  if (/Unavailable/.test(kind)) return "does not answer (connection refused or dropped)";
  if (/DeadlineExceeded/.test(kind))
    return "gave no answer within its deadline: hung, or without a leader";
  return message.split("\n")[0] ?? message;
}

function hex(id: string): string {
  return id && id !== "0" ? BigInt(id).toString(16) : "";
}
