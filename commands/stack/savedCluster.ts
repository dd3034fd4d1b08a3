/** What a stack's state remembers of its cluster. */
import type { GateOutputs } from "../../components/dns/dnsReadiness.ts";
import type { NamedMember } from "../../components/dns/dnsExpectation.ts";
import type { Memory } from "../../components/health/memory.ts";
import type { Joined } from "../../components/membership/situation.ts";
import { pulumi } from "./pulumiAnswer.ts";
import type { StackAccess } from "./stackAccess.ts";

export interface SavedCluster {
  /**
   * What was seen when the cluster was last found healthy; undefined in states that remember
   * nothing.
   */
  readonly memory: Memory | undefined;
  /** What DNS was to say at the last `up`, for members and for clients, and who had left. */
  readonly dns: readonly GateOutputs[];
  /** Who has an A record of the stack's, be it from a run that was cut off after that. */
  readonly named: readonly NamedMember[];
  /** When each member was first written down as a voter, by name; ISO form. */
  readonly since: Readonly<Record<string, string>>;
}

/** Nothing when the state cannot be had: then health is all that can be told. */
export async function savedCluster(stack: StackAccess): Promise<SavedCluster> {
  try {
    return savedIn(JSON.parse(await pulumi(stack, ["stack", "export"])));
  } catch {
    return { memory: undefined, dns: [], named: [], since: {} };
  }
}

/** The part of a state that is read here. */
interface State {
  readonly deployment?: {
    readonly resources?: readonly {
      readonly type: string;
      readonly outputs?: Readonly<Record<string, unknown>>;
    }[];
  };
}

/** Pure. */
export function savedIn({ deployment }: State): SavedCluster {
  const outputsOf = (type: string): Readonly<Record<string, unknown>>[] =>
    (deployment?.resources ?? [])
      .filter((resource) => resource.type.endsWith(`/${type}`))
      .map(({ outputs = {} }) => outputs);
  const { clusterId, word, revision, healthyAt } = outputsOf("etcd:ClusterHealth")[0] ?? {};
  const memory =
    typeof clusterId === "string" &&
    typeof word === "string" &&
    typeof revision === "number" &&
    typeof healthyAt === "string"
      ? { clusterId, word, revision, healthyAt }
      : undefined;
  const dns = outputsOf("etcd:DnsReadiness").filter(
    (outputs) => typeof outputs.expected === "object" && Array.isArray(outputs.nameservers),
  );
  return {
    memory,
    dns: dns as unknown as GateOutputs[],
    named: outputsOf("dnsRecord:DnsRecord").flatMap(({ type, name, content }) =>
      type === "A" && typeof name === "string" && typeof content === "string"
        ? [{ target: name, address: content }]
        : [],
    ),
    since: sinceIn(outputsOf("etcd:Membership")[0]),
  };
}

function sinceIn(membership: Readonly<Record<string, unknown>> = {}): Record<string, string> {
  const { done } = membership;
  if (typeof done !== "object" || done === null) return {};
  return Object.fromEntries(
    Object.entries(done as Readonly<Record<string, Joined>>).map(([name, { since }]) => [
      name,
      since,
    ]),
  );
}
