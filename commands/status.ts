import { openStack } from "./stack/stackAccess.ts";
import { lookAt } from "./status/look.ts";
import { bad, good, isWell } from "./status/words.ts";
import { readArguments, stackOption } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";

const help = `
npm run status -- [--stack NAME] [--json]

Asks every declared member whether it is part of one healthy cluster: one cluster ID, exactly the
declared members, one leader, no learner, no alarm, and a write that each of them shows; and whether
this is the cluster that was healthy at the last up. Asks the authoritative nameservers, too, for
what that up declared. Exit code 1 when one of the two is not so; the machine of a member that does
not answer is asked over SSH. SINCE: the day on which it was first seen as a voter. CERT DAYS: whole
days until the certificate that the member shows ends, - without TLS.

Without --stack: the lab's stack when there is one, else the one that is selected in your pulumi.

  --json   only {clusterId, healthy, reasons, members: [{name, endpoint, version, healthy, leader,
           learner, since, dbSizeBytes, revision, alarms, certificateDays}], dns: {is, problems,
           cure, leaving, coming}, machines: {member: lines}}; dns.is: "as declared", "different"
           or "unknown"; dns.leaving, dns.coming: hosts that are named and not declared, because
           they left a while ago or a run was cut off
`;

await command("status", help, async (args) => {
  const options = { ...stackOption, json: { type: "boolean" } } as const;
  const { stack: name, json } = readArguments("status", args, options);
  const stack = await openStack("status", name);
  const status = await lookAt(stack);
  if (json) {
    const { clusterId, healthy, reasons, members, dns, machines } = status;
    const shown = { clusterId, healthy, reasons, members, dns, machines };
    process.stdout.write(`${JSON.stringify(shown)}\n`);
  } else {
    process.stdout.write(good(status, Date.now()));
    process.stderr.write(bad(status, stack.npmRun("ssh")));
  }
  return isWell(status) ? 0 : 1;
});
