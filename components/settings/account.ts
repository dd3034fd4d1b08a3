/** What has to be said of the accounts that a cluster is made in. */
import * as pulumi from "@pulumi/pulumi";
import { regionOfAll } from "./rulesTogether.ts";
import type { Problem } from "./problems.ts";

/** Whether AWS is reached by a provider in the options of this cluster, or of what it lies in. */
export function hasOwnAws(cluster: pulumi.Resource): boolean {
  return cluster.getProvider("aws:ec2/instance:Instance") !== undefined;
}

/** Whether EC2 is an emulator on this machine. */
export function isStandIn(): boolean {
  const endpoints = new pulumi.Config("aws").get("endpoints") ?? "";
  return /"ec2"\s*:\s*"https?:\/\/(localhost|127\.|\[::1\])/.test(endpoints);
}

/** Refuses a key that earlier AWS providers had, and that this one would ignore without a word. */
export function accountProblems(): Problem[] {
  const value = new pulumi.Config("aws").get("assumeRole");
  return value === undefined || /^\s*(\{\s*\}|null)?\s*$/.test(value)
    ? []
    : [
        {
          field: "aws:assumeRole",
          rule: "roles to assume are a list, aws:assumeRoles; this key is ignored by the provider",
          value: "a role",
        },
      ];
}

/** AWS would say only that it knows no such zone, and after other things were made. */
export function regionProblems(nodes: Parameters<typeof regionOfAll>[0]): Problem[] {
  const region = new pulumi.Config("aws").get("region");
  const its = regionOfAll(nodes);
  return region && its && its !== region
    ? [
        {
          field: "nodes",
          rule: `their zones lie in ${its}, and aws:region is another; set one of the two`,
          value: region,
        },
      ]
    : [];
}
