import type * as pulumi from "@pulumi/pulumi";
import { KeyPair } from "@pulumi/aws/ec2/keyPair.js";
import type { ClusterContext } from "../clusterContext.ts";
import type { Settings } from "../settings/settings.ts";
import { Leftovers } from "../recovery/leftovers.ts";
import { HostKeySeed } from "../ssh/hostKey.ts";
import { imageOf } from "./image.ts";
import { memberSecurityGroup } from "./network.ts";
import { subnetsOf } from "./subnets.ts";

/** What the machines of all members share. */
export interface MemberSite {
  /** Subnet of an availability zone that a member is in. */
  subnetIn(zone: string): pulumi.Output<string>;
  readonly securityGroupId: pulumi.Output<string>;
  /** Who may reach what: nothing is dialled before they are there. */
  readonly securityGroupRules: readonly pulumi.Resource[];
  readonly keyName: pulumi.Output<string>;
  readonly ami: pulumi.Output<string>;
  /**
   * What the lasting host keys are made of; in the state before any machine, and after the last.
   */
  readonly hostKeySeed: HostKeySeed;
  /** Deleted after every interface: looks for interfaces that the state never learnt of. */
  readonly interfaceLeftovers: pulumi.Resource;
}

/** Makes the security group, the key pair and the rest of it. */
export function memberSite(context: ClusterContext, settings: Settings): MemberSite {
  const { name, ownership, options, foundedOnce } = context;
  const subnets = subnetsOf(settings, options.parentOnly);
  const { group, rules } = memberSecurityGroup(context, settings, Object.values(subnets));
  const key = new KeyPair(
    `${name}-key`,
    { publicKey: settings.sshPublicKey, tags: ownership.tags },
    options.with(),
  );
  const interfaceLeftovers = new Leftovers(
    `${name}-leftovers`,
    {
      type: "aws:ec2/networkInterface:NetworkInterface",
      tags: { ...ownership.tags, Role: "interface" },
      zoneId: settings.zoneId,
      comment: ownership.comment,
      ...ownership.home,
    },
    options.with({ dependsOn: [group] }),
  );
  return {
    subnetIn(zone) {
      const subnet = subnets[zone];
      if (!subnet) throw new Error(`no member is in ${zone}, so no subnet of it is known`);
      return subnet;
    },
    securityGroupId: group.id,
    securityGroupRules: rules,
    keyName: key.keyName,
    ami: imageOf(settings.ami, settings.architecture, options.parentOnly),
    hostKeySeed: new HostKeySeed(
      `${name}-host-key-seed`,
      options.with({ hooks: { beforeCreate: [foundedOnce.noMembers] } }),
    ),
    interfaceLeftovers,
  };
}
