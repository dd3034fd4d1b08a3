/**
 * MemberShutdown guards the end of a member. In a destroy, etcd ends before its names do. A member
 * asks its VPC's resolver for its peers' addresses whenever a connection breaks; asked right after
 * the records went, the resolver remembers "no such name" for the zone's negative TTL (1800 s at
 * Cloudflare), and a cluster made again within that time waits at every node's gate (issue 4: seen
 * as a destroy, an up, and a gate that was told so for 1639 s more). Outside a destroy, its machine
 * leaves only with a leave (leaving.ts), so that at most one does in a run.
 *
 *   create  says to an etcd that runs already that it is there (relief.ts). It is in the state
 *           before any bootstrap, and so has its turn after them in a destroy, and before the gate
 *           and the records
 *   diff    another machine: another guard in place of this one; other members, key or user: notes
 *   update  notes it
 *   delete  no client is sent to any member (a destroy): stops etcd, and a converge that would
 *           start it; a machine that is away is said, and the deletion goes on.
 *           Clients are sent to others alone (it was taken out of `nodes`): does the same, once
 *           it is no member any more; fails while it is one, or nobody knows (takenOut.ts).
 *           Clients are sent to it: leaves etcd running, and fails unless the machine is gone,
 *           another guard has come, or the machine is given leave
 *
 * Measured with Pulumi 3.259: where `instanceId` answers `replaces`, this is deleted before a
 * machine that is deleted before it is replaced (--replace, drift, --target, -p 1), and a failure
 * keeps that machine. What was under way for other machines ends or not; the next `up` deletes a
 * guard of before a second time, or at its end when the machine stayed. Replaced or renamed itself,
 * it is deleted at the end of the run, after its successor was made.
 *
 * Clients are withdrawn first wherever a member really leaves.
 */
import * as pulumi from "@pulumi/pulumi";
import { resource, type Setting } from "../engine/resource.ts";
import { credentialsOf } from "../health/asking.ts";
import type { Declared } from "../health/healthOfCluster.ts";
import type { DeclaredMember } from "../health/memberHealth.ts";
import { comeOnGuard } from "../health/relief.ts";
import { clientSrvName, clientUrlOf, hostnameOf, peerUrlOf } from "../names.ts";
import type { Identity } from "../pki/clusterPki.ts";
import { type Fate, machineFate } from "../recovery/machineFate.ts";
import { pinnedAccess } from "../ssh/memberAccess.ts";
import { reasonToLetGo } from "./letGo.ts";
import { standingOf, staysRefusal } from "./takenOut.ts";
import { type Api, cloudflareApi } from "../recovery/cloudflareApi.ts";
import type { ListedRecord } from "../recovery/cloudflareLeftovers.ts";

export interface MemberShutdownArgs {
  /** Name of the member, for messages. */
  readonly node: string;
  readonly domain: string;
  /** Decides in which of the two client SRV records it would be named. */
  readonly tls: boolean;
  readonly zoneId: pulumi.Input<string>;
  /** The stack's mark on its records. */
  readonly comment: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly user: string;
  /** The private key that opens the machine. */
  readonly privateKey: pulumi.Input<string>;
  /** The only host key that is believed. */
  readonly hostKey: pulumi.Input<string>;
  /** The machine, and its data volume. */
  readonly instanceId: pulumi.Input<string>;
  readonly volumeId: pulumi.Input<string>;
  /** All members, this one among them: the others are asked before its machine may leave. */
  readonly members: readonly Declared[];
  /** With what they are asked; with TLS only. */
  readonly operator?: Identity | undefined;
}

interface Shutdown {
  readonly node: string;
  readonly domain: string;
  readonly tls: boolean;
  readonly zoneId: string;
  readonly comment: string;
  readonly host: string;
  /** 22 unless given. */
  readonly port?: number;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
  readonly instanceId: string;
  readonly volumeId: string;
  readonly members: readonly DeclaredMember[];
  readonly operator?: Parameters<typeof credentialsOf>[0];
}

/** States of releases up to 0.1.0 know neither machine nor word. */
interface Guarding extends Shutdown {
  /** Tells this guard from another one of the same machine. */
  readonly word: string;
}

/** How long it is tried to get in, and how long stopping may take. */
const patienceMs = 15_000;
const stopMs = 30_000;

/**
 * Killed, not asked: a leader that is asked looks for 7 s for a successor among members that are
 * ending, too (measured: a destroy of 13 s instead of 6), and what etcd has acknowledged is on the
 * disk. `stop` keeps systemd from starting it again.
 */
const script = `systemctl stop 'etcd-bootstrap-*.service'
systemctl kill --signal=KILL etcd.service 2>/dev/null
systemctl stop etcd.service 2>/dev/null
state=$(systemctl show --property ActiveState --value etcd.service)
case $state in inactive | failed) ;; *) echo "etcd.service is $state"; exit 1 ;; esac
`;

/**
 * Whether clients are still sent to a member, to others alone, or to nobody; not known where
 * Cloudflare cannot be asked.
 */
interface Service {
  readonly is: "on" | "of others" | "over" | "unknown";
  readonly words: string;
  /** The others that clients are sent to. */
  readonly others: readonly DeclaredMember[];
}

/** What the stack's own client SRV records say. */
async function serviceOf(member: Shutdown, setting: Setting): Promise<Service> {
  const { node, domain, tls } = member;
  const target = hostnameOf(node, domain);
  const api = cloudflareApi(setting, "whether clients are still sent to a member");
  try {
    const listed = await ownRecords(api, member, "SRV", clientSrvName(domain, tls));
    const targets = listed.flatMap(({ data }) => data?.target ?? []);
    if (targets.includes(target)) {
      const words = `clients are still sent to ${target}, so this is no destroy`;
      return { is: "on", words, others: [] };
    }
    if (targets.length === 0) return { is: "over", words: "", others: [] };
    const others = await Promise.all(targets.map((other) => memberNamed(other, api, member)));
    return { is: "of others", words: "", others: others.flat() };
  } catch (e) {
    return { is: "unknown", words: (e as Error).message, others: [] };
  }
}

/** The records of a name that bear the stack's mark. */
async function ownRecords(
  api: Api,
  { zoneId, comment }: Shutdown,
  type: string,
  name: string,
): Promise<ListedRecord[]> {
  const query = new URLSearchParams({ "name.exact": name, type, per_page: "100" });
  const listed = await api.call("GET", `zones/${zoneId}/dns_records?${query}`);
  return (listed as ListedRecord[]).filter((record) => record.comment === comment);
}

/** The member at a full name. This one may not know it: it came while this one left. */
async function memberNamed(
  target: string,
  api: Api,
  member: Shutdown,
): Promise<readonly DeclaredMember[]> {
  const known = member.members.filter(({ name }) => hostnameOf(name, member.domain) === target);
  if (known.length) return known;
  const peerUrl = peerUrlOf(target, member.tls);
  const addresses = await ownRecords(api, member, "A", target);
  return addresses.map(({ content }) => {
    return { name: target, endpoint: clientUrlOf(content, member.tls), peerUrl };
  });
}

/** Never fails: nothing but a name is at stake. */
async function stopEtcd(member: Guarding, etcd: string): Promise<void> {
  const { problem } = await pinnedAccess(member)
    .run(script, patienceMs, stopMs)
    .catch((e: Error) => ({ problem: e.message }));
  if (problem)
    console.log(
      `${etcd} could not be stopped before its DNS records go: ${problem}. If it ` +
        "runs, the VPC's resolver may remember for a while (30 minutes at Cloudflare) " +
        "that they are gone.",
    );
}

/**
 * Fails unless it was removed from the cluster, or nobody can be asked and its machine is gone.
 */
async function refuseMember(
  { node, domain, tls, instanceId: machine, members, operator }: Guarding,
  serving: readonly DeclaredMember[],
  fate: Fate,
): Promise<void> {
  const own = members.find(({ name }) => name === node);
  const peerUrl = own?.peerUrl ?? peerUrlOf(hostnameOf(node, domain), tls);
  const standing = await standingOf({ member: node, peerUrl, machine, serving, operator });
  if (standing.is === "removed") return;
  if (standing.is === "unknown" && fate.is === "gone") return;
  const error = new Error(staysRefusal({ member: node, machine }, standing));
  error.stack = ""; // the SDK prints it where a deletion fails
  throw error;
}

const shutdowns = resource<Shutdown, Guarding>({
  type: "MemberShutdown",
  guards: true,
  version: 3,
  computed: ["word"],
  secrets: ["privateKey", "operator"],
  meaning: (s) => [
    [s.domain, s.tls, s.zoneId, s.comment, s.host, s.user, s.hostKey, s.privateKey],
    [s.instanceId, s.volumeId, s.members, s.operator],
  ],
  // An older state knows no machine, and is brought up to date.
  replaces: (olds, news) =>
    olds.instanceId === undefined || olds.instanceId === news.instanceId ? [] : ["instanceId"],
  async make(inputs, { olds }) {
    const { randomBytes } = await import("node:crypto");
    const word = olds?.word ?? randomBytes(6).toString("hex");
    const { node, instanceId: machine, members, operator } = inputs;
    const own = members.find(({ name }) => name === node);
    const asking = { deadlineMs: 2000, credentials: credentialsOf(operator) };
    if (!olds && own) await comeOnGuard({ member: node, machine, word }, own, asking);
    return { ...inputs, word };
  },
  id: ({ node }) => `shutdown-of-${node}`,
  async remove(member, { setting }) {
    const etcd = `etcd on ${member.node} (${member.host})`;
    const service = await serviceOf(member, setting);
    if (service.is === "over") return stopEtcd(member, etcd);
    const { instanceId, volumeId } = member;
    const fate = await machineFate(instanceId, volumeId, setting);
    if (service.is === "of others") await refuseMember(member, service.others, fate);
    if (fate.is === "gone")
      return console.log(`the machine of ${member.node} (${instanceId}) is gone: ${fate.words}`);
    if (service.is === "of others") return stopEtcd(member, etcd);
    const unasked = [service, fate].filter(({ is }) => is === "unknown");
    const reason = await reasonToLetGo(
      { ...member, member: member.node, machine: instanceId, stack: member.comment },
      fate,
      unasked.map(({ words }) => words),
    );
    console.log(`${etcd} was left running: ${service.words}; ${reason}`);
  },
});

/** Stops the member when it is deleted in a destroy; else lets its machine leave, or refuses. */
export class MemberShutdown extends pulumi.dynamic.Resource {
  constructor(name: string, args: MemberShutdownArgs, opts?: pulumi.CustomResourceOptions) {
    const { privateKey, operator, ...rest } = args;
    const secrets = {
      privateKey: pulumi.secret(privateKey),
      ...(operator ? { operator: pulumi.secret(operator) } : {}),
    };
    super(...shutdowns(name, { ...rest, ...secrets }, opts));
  }
}
