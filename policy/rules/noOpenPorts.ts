import type { ResourceValidationPolicy } from "@pulumi/policy";
import { widthProblem } from "../../components/settings/addressRules.ts";
import { openingsOf, portsOf } from "../openings.ts";

/**
 * The whole Internet, or so much of it that two rules make the whole: more than a /16, or of IPv6 a
 * /32, an organisation's.
 */
const everybodys = (cidr: string) =>
  cidr.includes(":") ? Number(cidr.split("/")[1]) < 32 : widthProblem(cidr) !== "";

export const noOpenPorts: ResourceValidationPolicy = {
  name: "no-open-ports",
  description:
    "Nothing of a member is open to the whole Internet, or to much of it: whoever " +
    "reaches 2379 or 2380 talks to etcd, and whoever reaches 22 may try keys (AWS " +
    "Control Tower CT.EC2.PR.3 and PR.4).",
  validateResource(args, report) {
    for (const opening of openingsOf(args)) {
      const everybody = opening.cidrs.filter(everybodys);
      if (everybody.length > 0)
        report(
          `${portsOf(opening)} is open to ${everybody.join(", ")}; name the networks or ` +
            "groups that need it (etcd:sshFrom, etcd:clientsFrom).",
        );
      if (!opening.named)
        report(`${portsOf(opening)} is opened without a source; name a network or a group.`);
    }
  },
};
