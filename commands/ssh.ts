import * as fs from "node:fs/promises";
import * as path from "node:path";
import { command, usageError } from "../lab/command.ts";
import { passThrough } from "../lab/passThrough.ts";
import { keyDir } from "../lab/paths.ts";
import { sshKeyFile, stackOutputs } from "../lab/stackOutputs.ts";

const help = `
npm run ssh -- NODE [COMMAND …]

A shell on a member's machine, or one command there.

  npm run ssh -- a
  npm run ssh -- b sudo journalctl -u etcd -n 20
`;

await command("ssh", help, async ([node, ...rest]) => {
  const { endpoints, hostKeys, sshUser } = await stackOutputs();
  const names = Object.keys(endpoints).join(", ");
  if (!node) throw usageError("ssh", `a node is needed, one of ${names}`);
  const endpoint = endpoints[node];
  if (!endpoint) throw new Error(`there is no node ${JSON.stringify(node)}; there are ${names}`);
  const address = new URL(endpoint).hostname;
  const knownHosts = path.join(keyDir, "known_hosts");
  // Written anew each time: machines come and go on the same addresses, and the stack knows the key
  // of each.
  await fs.writeFile(knownHosts, `${address} ${hostKeys[node]}\n`);
  const options = [
    "-i",
    sshKeyFile,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "StrictHostKeyChecking=yes",
    "-o",
    `UserKnownHostsFile=${knownHosts}`,
    "-o",
    "GlobalKnownHostsFile=/dev/null",
    "-o",
    "HostKeyAlgorithms=ssh-ed25519",
    "-o",
    "UpdateHostKeys=no",
    "-o",
    "CheckHostIP=no",
    "-o",
    "LogLevel=ERROR",
    "-o",
    "ConnectTimeout=10",
  ];
  return passThrough("ssh", [...options, `${sshUser}@${address}`, ...rest]);
});
