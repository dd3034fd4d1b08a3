import type { ResourceValidationPolicy } from "@pulumi/policy";
import { covers, openingsOf, portsOf } from "../openings.ts";

export const peerPort: ResourceValidationPolicy = {
  name: "peer-port",
  description:
    "2380 is for members only: from there a raft log is read and written. It is open " +
    "from the members' own group and from nowhere else.",
  validateResource(args, report) {
    for (const opening of openingsOf(args)) {
      if (covers(opening, 2380) && opening.fromItself === false) {
        report(
          `${portsOf(opening)}, and so 2380, is open to ` +
            `${opening.cidrs.join(", ") || "another group or a prefix list"}; open it ` +
            "from the members' own security group only.",
        );
      }
    }
  },
};
