/**
 * What EtcdCluster says of itself in its inputs: the rules see resources, not the stack's
 * configuration.
 */
import type { ResourceValidationArgs } from "@pulumi/policy";

export interface ClusterInputs {
  readonly etcdVersion?: string;
  readonly etcdChecksums?: string;
  readonly etcdSha256?: Readonly<Record<string, string>>;
}

/** The inputs, when the resource is a cluster. */
export function clusterOf(
  args: Pick<ResourceValidationArgs, "type" | "props">,
): ClusterInputs | undefined {
  return args.type === "etcd:index:EtcdCluster" ? args.props : undefined;
}
