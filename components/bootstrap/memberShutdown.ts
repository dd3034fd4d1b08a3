/**
 * MemberShutdown: etcd ends before its names do. A member asks its VPC's resolver for its peers' addresses whenever a connection breaks; asked
 * right after the records went, the resolver remembers "no such name" for the zone's negative TTL (1800 s at Cloudflare), and a cluster made
 * again within that time waits at every node's gate (issue 4: seen as a destroy, an up, and a gate that was told so for 1639 s more).
 *
 *   create  nothing: it is in the state before any bootstrap, and so has its turn after them in a destroy, and before the gate and the records
 *   diff    another address, user or key: notes it
 *   update  notes it
 *   delete  stops etcd, and a converge that would start it
 *
 * A machine that is gone or lets nobody in stops nothing from being destroyed: that is said, and the deletion goes on.
 */
import * as pulumi from "@pulumi/pulumi";
import { openPinned, runScript } from "../ssh/pinnedSsh.ts";

export interface MemberShutdownArgs {
  /** Name of the member, for messages. */
  readonly node: string;
  readonly host: pulumi.Input<string>;
  readonly user: string;
  /** The private key that opens the machine. */
  readonly privateKey: pulumi.Input<string>;
  /** The only host key that is believed. */
  readonly hostKey: pulumi.Input<string>;
}

interface Shutdown {
  readonly node: string;
  readonly host: string;
  /** 22 unless given. */
  readonly port?: number;
  readonly user: string;
  readonly privateKey: string;
  readonly hostKey: string;
  /** Raised when the deletion changes: the state holds the provider as it was. */
  readonly version: number;
}

/** A machine that is gone gives no answer at all. */
const connectMs = 10_000, stopMs = 30_000;

/**
 * Killed, not asked: a leader that is asked looks for 7 s for a successor among members that are ending, too (measured: a destroy of 13 s
 * instead of 6), and what etcd has acknowledged is on the disk. `stop` keeps systemd from starting it again.
 */
const script = `systemctl stop 'etcd-bootstrap-*.service'
systemctl kill --signal=KILL etcd.service 2>/dev/null
systemctl stop etcd.service 2>/dev/null
state=$(systemctl show --property ActiveState --value etcd.service)
case $state in inactive | failed) ;; *) echo "etcd.service is $state"; exit 1 ;; esac
`;

/** Stops etcd on one machine. Resolves with "" or with why it was not seen to stop. */
async function shutDown(member: Shutdown): Promise<string> {
  const { client, problem } = await openPinned(member, [member.hostKey], connectMs);
  if (!client) return problem;
  try {
    const { broken, code, output } = await runScript(client, "sudo -n sh -s", script, stopMs);
    return broken || (code === 0 ? "" : output || `exit code ${code}`);
  } finally {
    client.end();
  }
}

const provider: pulumi.dynamic.ResourceProvider<Shutdown, Shutdown> = {
  async diff(_id, olds, news) {
    return { changes: olds.version !== news.version || olds.host !== news.host || olds.user !== news.user || olds.hostKey !== news.hostKey || olds.privateKey !== news.privateKey };
  },
  async create(inputs) {
    return { id: `shutdown-of-${inputs.node}`, outs: inputs };
  },
  async update(_id, _olds, news) {
    return { outs: news };
  },
  async delete(_id, member) {
    const problem = await shutDown(member);
    if (problem) console.log(`etcd on ${member.node} (${member.host}) could not be stopped before its DNS records go: ${problem}. If it runs, the VPC's resolver may remember for a while (30 minutes at Cloudflare) that they are gone.`);
  },
};

/** Stops the member when it is deleted. */
export class MemberShutdown extends pulumi.dynamic.Resource {
  constructor(name: string, args: MemberShutdownArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, privateKey: pulumi.secret(args.privateKey), version: 1 }, { ...opts, additionalSecretOutputs: ["privateKey"] }, "etcd", "MemberShutdown");
  }
}
