/**
 * What the name of an EC2 instance type says about the machine. Pure; types that come later are
 * judged by the same scheme of names.
 */
import { InstanceType } from "@pulumi/aws/types/enums/ec2/index.js";
import { typingMistakes } from "./closeness.ts";

/** Those that the AWS provider of this program names. */
const known: readonly string[] = Object.values(InstanceType);

/** AWS's words for sizes; a new family has them too. */
const sizes = /\.(nano|micro|small|medium|large|\d*xlarge|metal(-\d+xl)?)$/;

/**
 * Families on Xen: their volumes do not appear under /dev/disk/by-id, where a node looks for its
 * own (EC2 guide, "Nitro-based instances").
 */
const xen = /^(t[12]|m[1-4]|c[134]|cc2|cr1|r[34]|x1e?|d2|h1|hs1|i[23]|f1|g2|g3s?|p[23])$/;

/**
 * Why nodes cannot be of this type, or ""; an architecture that is itself refused is not compared.
 */
export function instanceTypeProblem(type: string, architecture: "amd64" | "arm64"): string {
  if (!familyOf(type))
    return `an instance type such as t3.medium is needed${meant(type, architecture)}`;
  return sizes.test(type)
    ? machineProblem(type, architecture)
    : `AWS has no such size${meant(type, architecture)}`;
}

const familyOf = (type: string) =>
  /^([a-z]+\d+[a-z]*|u-\d+tb1)(-[a-z0-9]+)?\.[a-z0-9-]+$/.exec(type)?.[1];

/** Why nodes cannot be of a type that has a type's form, or "". */
function machineProblem(type: string, architecture: "amd64" | "arm64"): string {
  const family = familyOf(type) ?? "";
  if (xen.test(family))
    return (
      "a Nitro type such as t3.medium is needed; volumes of the older ones cannot be told " +
      "apart by their id"
    );
  // a g behind the generation is for Graviton
  const its = family === "a1" || /\d[a-z]*g/.test(family) ? "arm64" : "amd64";
  return its === architecture || !["amd64", "arm64"].includes(architecture)
    ? ""
    : `this type is ${its}; etcd:architecture is ${architecture}`;
}

/** What has to be said of a type that can be right and that the provider does not know, or "". */
export function instanceTypeWarning(type: string, architecture: "amd64" | "arm64"): string {
  return known.includes(type)
    ? ""
    : `the AWS provider of this program knows no type ${type}${meant(type, architecture)}; where ` +
        "AWS has none either, up fails at the machines";
}

/** Types that a mistyped one may have been, those with the fewest mistakes, three at most. */
function meant(type: string, architecture: "amd64" | "arm64"): string {
  const given = type.toLowerCase();
  const close = known
    .filter((other) => Math.abs(other.length - given.length) <= 2)
    .map((other) => ({ other, mistakes: typingMistakes(given, other) }))
    .filter(({ other, mistakes }) => mistakes <= 2 && fits(other, architecture));
  const fewest = Math.min(...close.map(({ mistakes }) => mistakes));
  const words = close.filter(({ mistakes }) => mistakes === fewest).map(({ other }) => other);
  return words.length ? `; did you mean ${words.slice(0, 3).join(" or ")}?` : "";
}

const fits = (type: string, architecture: "amd64" | "arm64") =>
  familyOf(type) !== undefined && machineProblem(type, architecture) === "";
