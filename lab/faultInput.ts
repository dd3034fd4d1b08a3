import { isIPv4, isIPv6 } from "node:net";
import { zone } from "./addresses.ts";
import { faultKinds, nameServers } from "./faultKinds.ts";
import type { Fault, FaultKind, FaultName, Form } from "./faultKinds.ts";
import { recordTypes } from "./dns/answers.ts";

/**
 * A fault that cannot be made as asked for. The message names the parameter, the rule and what was
 * received.
 */
export class FaultInputError extends Error {}

type Reading = { readonly value: string | number } | { readonly rule: string };

/**
 * Reads a fault as the control interface receives it: `{kind, …parameters}`, numbers also as text,
 * because a command line has only text. Throws FaultInputError with every problem found.
 */
export function parseFault(input: unknown): Fault {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw new FaultInputError(
      `a fault is an object with a kind and its parameters (got ${show(input)}); ${known()}`,
    );
  const { kind, ...given } = input as Record<string, unknown>;
  if (typeof kind !== "string" || !Object.hasOwn(faultKinds, kind))
    throw new FaultInputError(`kind: there is no fault ${show(kind)}; ${known()}`);

  const { parameters }: FaultKind = faultKinds[kind as FaultName];
  const problems: string[] = [];
  const values: Record<string, string | number> = {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(parameters, name))
      problems.push(
        `${name}: ${kind} has no such parameter; it takes ${Object.keys(parameters).join(", ")}`,
      );
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    const raw = given[name];
    if (raw === undefined || raw === null) {
      if (parameter.required) problems.push(`${name}: ${kind} needs it (${parameter.says})`);
      continue;
    }
    const reading = read(parameter.form, raw);
    if ("rule" in reading) problems.push(`${name}: ${reading.rule} (got ${show(raw)})`);
    else values[name] = reading.value;
  }
  if (problems.length === 0) problems.push(...contradictions(kind, values));
  if (problems.length > 0) throw new FaultInputError(problems.join("\n"));
  return { kind, ...values } as Fault; // every value was read by the form the type is derived from
}

function read(form: Form, raw: unknown): Reading {
  const text = String(raw).trim();
  switch (form) {
    case "seconds":
      return number(text, (n) => n >= 0, "seconds, 0 or more");
    case "count":
      return number(text, (n) => Number.isInteger(n) && n >= 1, "a whole number, 1 or more");
    case "status":
      return number(
        text,
        (n) => Number.isInteger(n) && n >= 400 && n <= 599,
        "an HTTP status of a failure, 400 to 599",
      );
    case "server":
      return oneOf(text, nameServers);
    case "recordType":
      return oneOf(text.toUpperCase(), recordTypes);
    case "service":
      return oneOf(text, ["cloudflare"]);
    case "method":
      return oneOf(text.toUpperCase(), ["GET", "POST", "PUT", "PATCH", "DELETE"]);
    case "drop":
      return oneOf(text, ["before-write", "after-write"]);
    case "when":
      return oneOf(text, ["before", "after"]);
    case "apiName":
      return /^[A-Z][A-Za-z.]+$/.test(text)
        ? { value: text }
        : { rule: "must be a name as EC2's API spells it, such as RunInstances" };
    case "name": {
      const bare = text.toLowerCase().replace(/\.$/, "");
      const name = bare.includes(".") ? bare : `${bare}.${zone.name}`; // a node, as tables show it
      return /^[a-z0-9_*-]+(\.[a-z0-9_-]+)+$/.test(name) && `.${name}`.endsWith(`.${zone.name}`)
        ? { value: name }
        : { rule: `a node, or a full name in the zone ${zone.name}, such as c.${zone.name}` };
    }
    case "content":
    case "machine":
    case "text":
      return text === "" ? { rule: "must not be empty" } : { value: text };
  }
}

function number(text: string, fits: (value: number) => boolean, rule: string): Reading {
  const value = Number(text);
  return text !== "" && Number.isFinite(value) && fits(value)
    ? { value }
    : { rule: `must be ${rule}` };
}

function oneOf(text: string, allowed: readonly string[]): Reading {
  return allowed.includes(text)
    ? { value: text }
    : { rule: `must be one of ${allowed.join(", ")}` };
}

function contradictions(kind: string, values: Readonly<Record<string, string | number>>): string[] {
  const { type, content, status, drop, retryAfter } = values;
  if (kind === "api-fault" && (status === undefined) === (drop === undefined))
    return ["status, drop: api-fault needs exactly one of them, or nothing would fail"];
  if (kind === "api-fault" && retryAfter !== undefined && status === undefined)
    return ["retryAfter: is sent with a status only"];
  if (kind === "ec2-fault" && (values.when === "after") !== (values.code === undefined))
    return ["code: ec2-fault needs one, except with when=after, where no answer carries it"];
  if (kind !== "falsify" && kind !== "extra") return [];
  if (type === "A" && !isIPv4(String(content)))
    return [`content: an A record holds an IPv4 address (got ${show(content)})`];
  if (type === "AAAA" && !isIPv6(String(content)))
    return [`content: an AAAA record holds an IPv6 address (got ${show(content)})`];
  if (type === "SRV" && !/^\d{1,5} \d{1,5} \d{1,5} \S+$/.test(String(content)))
    return [
      "content: an SRV record holds 'priority weight port target', such as '0 0 2380 " +
        `c.etcd.test' (got ${show(content)})`,
    ];
  return [];
}

function known(): string {
  return `the lab can make: ${Object.keys(faultKinds).join(", ")}.`;
}

function show(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
