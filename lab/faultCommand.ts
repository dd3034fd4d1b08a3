import type { LabStatus } from "./control.ts";
import { control } from "./controlClient.ts";
import { type Fault, type FaultKind, faultKinds } from "./faultKinds.ts";
import type { ActiveFault } from "./faults.ts";

/** Help of `npm run lab -- fault`, from the table of faults. */
export function faultHelp(): string {
  const kinds = Object.entries(faultKinds).map(
    ([name, { says, parameters }]: [string, FaultKind]) => {
      const rows = Object.entries(parameters).map(
        ([parameter, { required, says: meaning }]) =>
          `      ${`${parameter}=…`.padEnd(14)}${required ? "" : "(optional) "}${meaning}`,
      );
      return [`  ${name}: ${says}`, ...rows].join("\n");
    },
  );
  return `npm run lab -- fault list                  faults that are on
npm run lab -- fault clear [ID]            switches all off, or one
npm run lab -- fault flush                 empties the resolver's cache
npm run lab -- fault KIND name=value …     switches one on; it is in effect when the command returns

  npm run lab -- fault withhold name=c.etcd.test type=A server=ns2
  npm run lab -- fault dns-lag seconds=20

Kinds:
${kinds.join("\n")}
`;
}

/** `npm run lab -- fault …`: talks to the control interface of the running lab. */
export async function fault([first = "", ...rest]: string[]): Promise<void> {
  const say = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  if (first === "list") {
    const active = await control<ActiveFault[]>("GET", "/faults");
    say(active.length === 0 ? "no fault is on" : active.map(describe).join("\n"));
  } else if (first === "clear") {
    const { cleared } = await control<{ cleared: number }>(
      "DELETE",
      rest[0] === undefined ? "/faults" : `/faults/${encodeURIComponent(rest[0])}`,
    );
    say(`${cleared} switched off`);
  } else if (first === "flush") {
    await control("POST", "/resolver/flush");
    say("the resolver's cache is empty");
  } else {
    const parameters = rest.map((text) => {
      const at = text.indexOf("=");
      if (at < 1)
        throw new Error(
          `parameters of a fault are written name=value (got ${text}); ` +
            "npm run lab -- fault --help lists them",
        );
      return [text.slice(0, at), text.slice(at + 1)] as const;
    });
    const wanted = { kind: first, ...Object.fromEntries(parameters) };
    const active = await control<ActiveFault>("POST", "/faults", wanted);
    say(`on: ${describe(active)}`);
    const { cloudflare } = await control<LabStatus>("GET", "/status");
    const note = nothingYet(active.fault, cloudflare);
    if (note) say(note);
  }
}

/**
 * What is said when a fault changes a record that is not there: it may come, or the name may be a
 * mistake. "" when it is there. `records` are lines of name, type and content. Pure.
 */
export function nothingYet(fault: Fault, records: readonly string[]): string {
  if (fault.kind !== "withhold" && fault.kind !== "falsify") return "";
  const there = [...new Set(records.map((line) => line.split(" ").slice(0, 2).join(" ")))];
  if (there.includes(`${fault.name} ${fault.type}`)) return "";
  return (
    `no record is ${fault.name} ${fault.type} now; it acts once there is one ` +
    `(there ${there.length === 0 ? "is none yet" : `are ${there.sort().join(", ")}`})`
  );
}

function describe({ id, fault: { kind, ...parameters }, left }: ActiveFault): string {
  const values = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  return [`${id}`, kind, ...values, ...(left === undefined ? [] : [`(${left} left)`])].join("  ");
}
