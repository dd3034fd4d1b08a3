/** What a stack's state remembers of its cluster. */
import type { Memory } from "../../components/health/memory.ts";
import { pulumi } from "./pulumiAnswer.ts";
import type { StackAccess } from "./stackAccess.ts";

/**
 * What was seen when the cluster was last found healthy; undefined in states that remember nothing,
 * or when the state cannot be had: then health is all that can be told.
 */
export async function clusterMemory(stack: StackAccess): Promise<Memory | undefined> {
  try {
    return memoryIn(JSON.parse(await pulumi(stack, ["stack", "export"])));
  } catch {
    return undefined;
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
export function memoryIn({ deployment }: State): Memory | undefined {
  const health = deployment?.resources?.find(({ type }) => type.endsWith("/etcd:ClusterHealth"));
  const { clusterId, word, revision, healthyAt } = health?.outputs ?? {};
  return typeof clusterId === "string" &&
    typeof word === "string" &&
    typeof revision === "number" &&
    typeof healthyAt === "string"
    ? { clusterId, word, revision, healthyAt }
    : undefined;
}
