/**
 * MemberShutdown: etcd ends before its names do. A member asks its VPC's resolver for its peers'
 * addresses whenever a connection breaks; asked right after the records went, the resolver
 * remembers "no such name" for the zone's negative TTL (1800 s at Cloudflare), and a cluster made
 * again within that time waits at every node's gate (issue 4: seen as a destroy, an up, and a gate
 * that was told so for 1639 s more).
 *
 *   create  nothing: it is in the state before any bootstrap, and so has its turn after them in a
 *           destroy, and before the gate and the records
 *   diff    another machine, key or user: notes it
 *   update  notes it
 *   delete  stops etcd, and a converge that would start it; not while clients are sent to the
 *           member
 *
 * Clients are withdrawn first wherever a member really leaves. A deletion that finds their record
 * is none of those, but an `up` of a program that does not know this resource, and would stop all
 * members at once. A machine that is gone or lets nobody in stops nothing from being destroyed:
 * that is said, and the deletion goes on.
 */
import * as pulumi from "@pulumi/pulumi";
import { resource, type Setting } from "../engine/resource.ts";
import { clientSrvName, hostnameOf } from "../names.ts";
import { pinnedAccess } from "../ssh/memberAccess.ts";
import { cloudflareApi } from "../recovery/cloudflareApi.ts";
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
 * Why the member is to run on, or "": the stack's own client SRV record still names it, or nobody
 * knows.
 */
async function inService(
  { node, domain, tls, zoneId, comment }: Shutdown,
  setting: Setting,
): Promise<string> {
  const query = new URLSearchParams({
    "name.exact": clientSrvName(domain, tls),
    type: "SRV",
    per_page: "100",
  });
  const target = hostnameOf(node, domain);
  try {
    const listed = (await cloudflareApi(setting, "whether clients are still sent to a member").call(
      "GET",
      `zones/${zoneId}/dns_records?${query}`,
    )) as ListedRecord[];
    return listed.some((record) => record.comment === comment && record.data?.target === target)
      ? `clients are still sent to ${target}, so this is no destroy`
      : "";
  } catch (e) {
    return (e as Error).message;
  }
}

const shutdowns = resource<Shutdown, Shutdown>({
  type: "MemberShutdown",
  version: 1,
  secrets: ["privateKey"],
  meaning: (s) => [s.domain, s.tls, s.zoneId, s.comment, s.host, s.user, s.hostKey, s.privateKey],
  make: async (inputs) => inputs,
  id: ({ node }) => `shutdown-of-${node}`,
  async remove(member, { setting }) {
    const etcd = `etcd on ${member.node} (${member.host})`;
    const reason = await inService(member, setting);
    if (reason) return console.log(`${etcd} was left running: ${reason}`);
    const { problem } = await pinnedAccess(member).run(script, patienceMs, stopMs);
    if (problem)
      console.log(
        `${etcd} could not be stopped before its DNS records go: ${problem}. If it ` +
          "runs, the VPC's resolver may remember for a while (30 minutes at Cloudflare) " +
          "that they are gone.",
      );
  },
});

/** Stops the member when it is deleted. */
export class MemberShutdown extends pulumi.dynamic.Resource {
  constructor(name: string, args: MemberShutdownArgs, opts?: pulumi.CustomResourceOptions) {
    super(...shutdowns(name, { ...args, privateKey: pulumi.secret(args.privateKey) }, opts));
  }
}
