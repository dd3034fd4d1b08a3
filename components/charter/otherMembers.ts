/** What `preview` says of members that come and go. */
import * as pulumi from "@pulumi/pulumi";
import { idsIn } from "./losers.ts";

/**
 * `beforeUpdate` hook of the record of machines: in a preview it says what the names in `nodes`
 * mean. `keepsVolumes`: what a leaver's volume meets.
 */
export function otherMembers(
  cluster: string,
  declared: readonly string[],
  keepsVolumes: boolean,
  parent: pulumi.Resource,
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${cluster}-other-members`,
    async ({ oldInputs }) => {
      if (!pulumi.runtime.isDryRun()) return;
      const olds = Object.keys(idsIn(oldInputs, "machineIds"));
      const words = membershipWords(olds, declared, keepsVolumes);
      if (words) await pulumi.log.info(words, parent);
    },
    { onDryRun: true },
  );
}

/** What comes of other names, or "" for the same. Pure. */
export function membershipWords(
  olds: readonly string[],
  news: readonly string[],
  keepsVolumes: boolean,
): string {
  const come = news.filter((name) => !olds.includes(name)).sort();
  const go = olds.filter((name) => !news.includes(name)).sort();
  if (come.length + go.length === 0) return "";
  const disk = keepsVolumes
    ? "its names and its machine go; its data volume stays in the account"
    : "its names, its machine and its data volume go";
  return [
    `nodes: ${olds.length} members become ${news.length}, one change at a time, each only while ` +
      "all other members are healthy:",
    ...come.map(
      (name) =>
        `  ${name} joins as a learner, which has no vote; it votes when it has the data, and ` +
        "clients find it then",
    ),
    ...go.map(
      (name) =>
        `  ${name} leaves: were it the leader, another member leads first; it is removed from ` +
        `the cluster, its etcd is stopped, and at the end ${disk}`,
    ),
  ].join("\n");
}
