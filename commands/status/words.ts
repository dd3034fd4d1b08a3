/** How `status` is put into words. Pure. */
import { wayPast } from "../../components/health/memory.ts";
import { table } from "../terminal/table.ts";
import type { Row, Status } from "./look.ts";

/** The table: what stands over a column, and what in it. */
const columns: readonly (readonly [string, (row: Row) => string])[] = [
  ["MEMBER", (m) => m.name],
  ["ENDPOINT", (m) => m.endpoint],
  ["VERSION", (m) => m.version || "-"],
  ["HEALTHY", (m) => yes(m.healthy)],
  ["LEADER", (m) => yes(m.leader)],
  ["LEARNER", (m) => yes(m.learner)],
  ["SINCE", (m) => m.since.slice(0, 10) || "-"],
  ["DB SIZE", (m) => size(m.dbSizeBytes)],
  ["REVISION", (m) => String(m.revision)],
  ["ALARMS", (m) => m.alarms.join(" ") || "-"],
  ["CERT DAYS", (m) => (m.certificateDays === null ? "-" : String(m.certificateDays))],
];

/** Whether status ends with 0. */
export function isWell({ healthy, dns }: Pick<Status, "healthy" | "dns">): boolean {
  return healthy && dns.is !== "different";
}

/** What goes to the standard output. */
export function good(status: Status, now: number): string {
  const { healthy, clusterId, members } = status;
  const rows = members.map((row) => columns.map(([, cell]) => cell(row)));
  return [
    table(
      columns.map(([head]) => head),
      rows,
    ),
    ...certificateLines(status.certificateEnds, now).map((line) => `${line}\n`),
    healthy
      ? `Healthy: one cluster, ID ${clusterId}, ${members.length} of ${members.length} members.\n`
      : "",
    ...status.dns.leaving.map(
      (name) =>
        `${name} is not declared any more, and DNS still names it: its records go with pulumi ` +
        "up.\n",
    ),
    ...status.dns.coming.map(
      (name) =>
        `${name} is named in DNS, and has not joined: pulumi up goes on where a run ` +
        "was cut off.\n",
    ),
  ].join("");
}

/** What goes to the standard error: all that is not as it should be, and what to type. */
export function bad(status: Status, ssh: string): string {
  const { healthy, reasons, stranger, memberHints, dns, machines } = status;
  const dnsWords = [...dns.problems, dns.cure].filter(Boolean);
  const dnsHead =
    dns.is === "different"
      ? "status: the nameservers do not say what the last up declared"
      : "What the nameservers say was not seen:";
  const theirs = Object.entries(machines).flatMap(([member, lines]) => [
    `The machine of ${member} says:`,
    ...lines.map((line) => `  ${line}`),
  ]);
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join("");
  return [
    healthy
      ? ""
      : `status: not healthy\n${indented([
          ...reasons,
          ...(stranger ? [wayPast(stranger)] : memberHints),
          ...theirs,
          ...moreWords(status, ssh),
        ])}`,
    dns.is === "as declared" ? "" : `${dnsHead}\n${indented(dnsWords)}`,
  ].join("");
}

/** Where a member's whole log is: of those that are silent, else of those that are not well. */
function moreWords({ machines, members, coming }: Status, ssh: string): string[] {
  const silent = Object.keys(machines);
  const unwell = members
    .filter(({ name, healthy }) => !healthy && !coming.includes(name))
    .map(({ name }) => name);
  return (silent.length ? silent : unwell).map(
    (name) => `More of ${name}'s own words: ${ssh} ${name} sudo journalctl -u etcd -n 50`,
  );
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The operator's and the CA's, and everybody's whose end is near. */
export function certificateLines(ends: Status["certificateEnds"], now: number): string[] {
  const { "the operator": operator, "the CA": ca, ...members } = ends;
  if (operator === undefined || ca === undefined) return [];
  const soon = Object.entries({ "the operator": operator, ...members }).filter(
    ([, end]) => end - now < 14 * dayMs,
  );
  return [
    `The operator's certificate ends in ${span(operator - now)}, the CA's in ${span(ca - now)}.`,
    ...soon.map(
      ([whose, end]) =>
        `${whose}: the certificate ${end > now ? `ends in ${span(end - now)}` : "has ended"}; ` +
        "pulumi up renews it",
    ),
  ];
}

/** Days, or hours below two days. */
function span(ms: number): string {
  return ms < 2 * dayMs ? `${Math.floor(ms / hourMs)} hours` : `${Math.floor(ms / dayMs)} days`;
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

function size(bytes: number): string {
  return bytes ? `${(bytes / 1024).toFixed(0)} KiB` : "-";
}
