import { X509Certificate } from "node:crypto";
import { credentialsOf } from "../components/health/asking.ts";
import { certificateEnd } from "../components/health/certificateTrouble.ts";
import { probeCluster } from "../components/health/etcdProbe.ts";
import type { MemberReport } from "../components/health/memberHealth.ts";
import { wayPast } from "../components/health/memory.ts";
import { dnsReport } from "./stack/dnsReport.ts";
import { savedCluster } from "./stack/savedCluster.ts";
import { openStack } from "./stack/stackAccess.ts";
import { stackOutputs } from "./stack/stackOutputs.ts";
import { readArguments, stackOption } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";
import { table } from "./terminal/table.ts";

const help = `
npm run status -- [--stack NAME] [--json]

Asks every declared member whether it is part of one healthy cluster: one cluster ID, exactly the
declared members, one leader, no learner, no alarm, and a write that each of them shows; and whether
this is the cluster that was healthy at the last up. Asks the authoritative nameservers, too, for
what that up declared. Exit code 1 when one of the two is not so. CERT DAYS: whole
days until the certificate that the member shows ends, - without TLS.

Without --stack: the lab's stack when there is one, else the one that is selected in your pulumi.

  --json   only {clusterId, healthy, reasons, members: [{name, endpoint, version, healthy, leader,
           learner, dbSizeBytes, revision, alarms, certificateDays}], dns: {is, problems, cure}};
           dns.is: "as declared", "different" or "unknown"
`;

/** The table: what stands over a column, and what in it. */
const columns: readonly (readonly [string, (row: ReturnType<typeof rowOf>) => string])[] = [
  ["MEMBER", (m) => m.name],
  ["ENDPOINT", (m) => m.endpoint],
  ["VERSION", (m) => m.version || "-"],
  ["HEALTHY", (m) => yes(m.healthy)],
  ["LEADER", (m) => yes(m.leader)],
  ["LEARNER", (m) => yes(m.learner)],
  ["DB SIZE", (m) => size(m.dbSizeBytes)],
  ["REVISION", (m) => String(m.revision)],
  ["ALARMS", (m) => m.alarms.join(" ") || "-"],
  ["CERT DAYS", (m) => (m.certificateDays === null ? "-" : String(m.certificateDays))],
];

await command("status", help, async (args) => {
  const options = { ...stackOption, json: { type: "boolean" } } as const;
  const { stack: name, json } = readArguments("status", args, options);
  const stack = await openStack("status", name);
  const [{ endpoints, peerUrls, identity }, saved] = await Promise.all([
    stackOutputs(stack),
    savedCluster(stack),
  ]);
  const known = saved.memory;
  const asking = { deadlineMs: 2000, credentials: credentialsOf(identity) };
  const declared = Object.entries(endpoints).map(([name, endpoint]) => ({
    name,
    endpoint,
    peerUrl: peerUrls[name] ?? "",
  }));
  const [report, dns, ends] = await Promise.all([
    probeCluster(declared, asking, declared, known && { founding: known.word, known }),
    dnsReport(saved.dns),
    Promise.all(
      declared.map(async (member) => asking.credentials && certificateEnd(member, asking)),
    ),
  ]);
  const members = report.members.map((m, i) => rowOf(m, report.unhealthy, ends[i]));
  const { clusterId, healthy, reasons, stranger } = report;
  if (json) {
    process.stdout.write(`${JSON.stringify({ clusterId, healthy, reasons, members, dns })}\n`);
    return healthy && dns.is !== "different" ? 0 : 1;
  }
  process.stdout.write(
    table(
      columns.map(([head]) => head),
      members.map((row) => columns.map(([, cell]) => cell(row))),
    ),
  );
  if (identity)
    process.stdout.write(
      `The operator's certificate ends in ${daysUntil(endOf(identity.certificate))} ` +
        `days, the CA's in ${daysUntil(endOf(identity.ca))}.\n`,
    );
  if (dns.is !== "as declared" && saved.dns.length)
    process.stderr.write(
      [
        dns.is === "different"
          ? "status: the nameservers do not say what the last up declared"
          : "What the nameservers say was not seen:",
        ...[...dns.problems, dns.cure].filter(Boolean).map((line) => `  ${line}`),
        "",
      ].join("\n"),
    );
  process.stdout.write(
    healthy
      ? `Healthy: one cluster, ID ${clusterId}, ${members.length} of ${members.length} members.\n`
      : "",
  );
  if (healthy) return dns.is === "different" ? 1 : 0;
  const said = stranger ? [...reasons, wayPast(stranger)] : reasons;
  process.stderr.write(
    `status: not healthy\n${said.map((r) => `  ${r}`).join("\n")}\n  What a member ` +
      `says itself: ${stack.npmRun("ssh")} MEMBER sudo journalctl -u etcd -n 50\n`,
  );
  return 1;
});

/** What `status` tells of one member; `end`: when its certificate ends. */
function rowOf(m: MemberReport, unhealthy: readonly string[], end: number | undefined) {
  return {
    name: m.name,
    endpoint: m.endpoint,
    version: m.version,
    healthy: !unhealthy.includes(m.name),
    leader: m.leaderId !== "" && m.leaderId === m.memberId,
    learner: m.learner,
    dbSizeBytes: m.dbSizeBytes,
    revision: m.revision,
    alarms: m.alarms,
    certificateDays: daysUntil(end),
  };
}

function daysUntil(end: number | undefined): number | null {
  return end === undefined ? null : Math.floor((end - Date.now()) / 86_400_000);
}

function endOf(certificate: string): number {
  return Date.parse(new X509Certificate(certificate).validTo);
}

function yes(value: boolean): string {
  return value ? "yes" : "no";
}

function size(bytes: number): string {
  return bytes ? `${(bytes / 1024).toFixed(0)} KiB` : "-";
}
