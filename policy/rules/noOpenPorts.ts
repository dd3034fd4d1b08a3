import type { ResourceValidationPolicy } from "@pulumi/policy";
import { openingsOf, portsOf } from "../openings.ts";

export const noOpenPorts: ResourceValidationPolicy = {
  name: "no-open-ports",
  description: "Nothing of a member is open to the whole Internet: whoever reaches 2379 or 2380 talks to etcd, and whoever reaches 22 may try keys (AWS Control Tower CT.EC2.PR.3 and PR.4).",
  validateResource(args, report) {
    for (const opening of openingsOf(args)) {
      const everybody = opening.cidrs.filter((cidr) => cidr.endsWith("/0"));
      if (everybody.length > 0) report(`${portsOf(opening)} is open to ${everybody.join(", ")}; name the networks or groups that need it (etcd:sshFrom, etcd:clientsFrom).`);
      if (!opening.named) report(`${portsOf(opening)} is opened without a source; name a network or a group.`);
    }
  },
};
