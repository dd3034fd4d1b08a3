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
  const { endpoints, sshUser } = await stackOutputs();
  const names = Object.keys(endpoints).join(", ");
  if (!node) throw usageError("ssh", `a node is needed, one of ${names}`);
  const endpoint = endpoints[node];
  if (!endpoint) throw new Error(`there is no node ${JSON.stringify(node)}; there are ${names}`);
  // Machines of the lab come and go on the same addresses, each with a host key of its own.
  const options = ["-i", sshKeyFile, "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no", "-o", `UserKnownHostsFile=${path.join(keyDir, "known_hosts")}`,
    "-o", "CheckHostIP=no", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"];
  return passThrough("ssh", [...options, `${sshUser}@${new URL(endpoint).hostname}`, ...rest]);
});
