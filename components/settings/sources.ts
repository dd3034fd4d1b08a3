/** Who may reach the members: networks, and for clients security groups too. Pure. */
import { cidrProblem, widthProblem } from "./addressRules.ts";
import {
  arrayOfText,
  booleanOf,
  duplicates,
  type Problem,
  type RawConfig,
} from "./problems.ts";

export interface AllowedSources {
  /** Networks that may reach port 22. */
  readonly sshFrom: readonly string[];
  /** Networks and security groups (sg-…) that may reach port 2379. */
  readonly clientsFrom: readonly string[];
  /** Lifts the limit on how wide those networks may be. */
  readonly openToTheWorld: boolean;
}

/** A security group's id, as clientsFrom may hold it beside networks. */
export function isSecurityGroup(source: string): boolean {
  return /^sg-([0-9a-f]{8}|[0-9a-f]{17})$/.test(source);
}

export function readSources(raw: RawConfig, problems: Problem[]): AllowedSources {
  const openToTheWorld = booleanOf(raw, "openToTheWorld", problems);
  const sshFrom = arrayOfText(raw, "sshFrom", problems);
  const clientsFrom = arrayOfText(raw, "clientsFrom", problems);
  const refuse = (field: string, rule: string, value: unknown) =>
    problems.push({ field, rule, value });
  let wide = 0;
  for (const [field, sources] of [
    ["sshFrom", sshFrom],
    ["clientsFrom", clientsFrom],
  ] as const) {
    if (!sources.length)
      refuse(
        field,
        "at least one CIDR is needed, the address of the machine that runs Pulumi among them",
        sources,
      );
    sources.forEach((source, i) => {
      if (source.startsWith("sg-") && field === "clientsFrom") {
        if (!isSecurityGroup(source))
          refuse(
            `${field}[${i}]`,
            "a security group id such as sg-0123456789abcdef0 is needed",
            source,
          );
        return;
      }
      const malformed = cidrProblem(source);
      const tooWide = malformed ? "" : widthProblem(source);
      if (malformed) refuse(`${field}[${i}]`, malformed, source);
      if (tooWide) wide++;
      if (tooWide && !openToTheWorld)
        refuse(
          `${field}[${i}]`,
          `${tooWide}; name the networks that need it, or set etcd:openToTheWorld to true`,
          source,
        );
    });
    duplicates(sources).forEach(([index, source]) =>
      refuse(`${field}[${index}]`, "each CIDR once", source),
    );
  }
  if (openToTheWorld && !wide)
    refuse(
      "openToTheWorld",
      "nothing in sshFrom or clientsFrom needs it; set it to false",
      openToTheWorld,
    );
  if (sshFrom.length + clientsFrom.length > 50)
    refuse(
      "clientsFrom",
      "sshFrom and clientsFrom have room for 50 CIDRs together, AWS takes 60 rules in a " +
        "group; name larger networks",
      `${sshFrom.length} and ${clientsFrom.length}`,
    );
  return { sshFrom, clientsFrom, openToTheWorld };
}
