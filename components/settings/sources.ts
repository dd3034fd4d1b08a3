/** Who may reach the members: rules over both lists together. Pure. */
import type * as pulumi from "@pulumi/pulumi";
import { cidrProblem, widthProblem } from "./addressRules.ts";
import type { Problem } from "./problems.ts";

interface Sources {
  readonly sshFrom: readonly pulumi.Input<string>[];
  readonly clientsFrom: readonly pulumi.Input<string>[];
  readonly openToTheWorld: boolean;
}

/** How wide the networks are, and how many. What is known only later is judged then. */
export function sourceProblems({ sshFrom, clientsFrom, openToTheWorld }: Sources): Problem[] {
  const tooWide = [
    ...sshFrom.map((source, i) => tooWideAt(`sshFrom[${i}]`, source)),
    ...clientsFrom.map((source, i) => tooWideAt(`clientsFrom[${i}]`, source)),
  ].filter((problem) => problem !== undefined);
  const allKnown = [...sshFrom, ...clientsFrom].every((source) => typeof source === "string");
  const problems = openToTheWorld ? [] : tooWide;
  if (openToTheWorld && !tooWide.length && allKnown)
    problems.push({
      field: "openToTheWorld",
      rule: "nothing in sshFrom or clientsFrom needs it; set it to false",
      value: openToTheWorld,
    });
  if (sshFrom.length + clientsFrom.length > 50)
    problems.push({
      field: "clientsFrom",
      rule:
        "sshFrom and clientsFrom have room for 50 CIDRs together, AWS takes 60 rules in a " +
        "group; name larger networks",
      value: `${sshFrom.length} and ${clientsFrom.length}`,
    });
  return problems;
}

function tooWideAt(field: string, source: pulumi.Input<string>): Problem | undefined {
  if (typeof source !== "string" || cidrProblem(source)) return undefined;
  const rule = widthProblem(source);
  return rule
    ? {
        field,
        rule: `${rule}; name the networks that need it, or set etcd:openToTheWorld to true`,
        value: source,
      }
    : undefined;
}
