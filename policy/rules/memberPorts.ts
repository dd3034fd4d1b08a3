import type { ResourceValidationPolicy } from "@pulumi/policy";
import { openingsOf, portsOf } from "../openings.ts";

const ports = [22, 2379, 2380];

export const memberPorts: ResourceValidationPolicy = {
  name: "member-ports",
  description:
    "A member serves SSH (22), clients (2379) and peers (2380). Another open port, or a " +
    "range, is a mistake or a second service on a machine that should have none.",
  validateResource(args, report) {
    for (const opening of openingsOf(args)) {
      if (opening.fromPort !== opening.toPort || !ports.includes(opening.fromPort))
        report(
          `${portsOf(opening)} is opened; open ${ports.join(", ")}, each by a rule of its own.`,
        );
    }
  },
};
