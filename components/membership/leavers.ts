/**
 * Members that the state has machines of and the program does not declare. A run that was killed
 * may have made them members without a word in the state; when its change of `nodes` is taken back,
 * they are known by their guards, which are made before anything is started (issue 14).
 */
import type { ClusterNames } from "../names.ts";
import { type Saved, stateBefore } from "../recovery/savedState.ts";
import type { WantedMember } from "./situation.ts";

const guardType = "pulumi-nodejs:dynamic/etcd:MemberShutdown";

/** As this run first met the state; none where it cannot be asked. Never rejects. */
export async function savedLeavers(
  cluster: string,
  declared: readonly string[],
  names: ClusterNames,
): Promise<readonly WantedMember[]> {
  return leaversIn((await stateBefore()) ?? {}, cluster, declared, names);
}

/** Pure. Guards of releases up to 0.1.0 know no machine, and are passed over. */
export function leaversIn(
  saved: Saved,
  cluster: string,
  declared: readonly string[],
  names: ClusterNames,
): readonly WantedMember[] {
  const text = (value: unknown) => (typeof value === "string" ? value : "");
  return Object.entries(saved).flatMap(([urn, { type, outputs }]) => {
    const [name, address] = [text(outputs.node), text(outputs.host)];
    const [machine, volume] = [text(outputs.instanceId), text(outputs.volumeId)];
    const isGuard = type === guardType && urn.endsWith(`::${cluster}-${name}-shutdown`);
    if (!isGuard || !machine || declared.includes(name)) return [];
    const urls = { endpoint: names.clientUrl(address), peerUrl: names.peerUrl(name) };
    return [{ name, ...urls, address, machine, volume, hostKey: text(outputs.hostKey) }];
  });
}
