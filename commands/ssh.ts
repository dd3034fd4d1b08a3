import { openStack } from "./stack/stackAccess.ts";
import { sshLogin } from "./stack/sshLogin.ts";
import { stackOutputs, type StackOutputs } from "./stack/stackOutputs.ts";
import { splitArguments, stackOption } from "./terminal/arguments.ts";
import { command, usageError } from "./terminal/command.ts";
import { passThrough } from "./terminal/passThrough.ts";

const help = `
npm run ssh -- [--stack NAME] MEMBER [COMMAND …]

A shell on a member's machine, or one command there. Only the host key that the stack knows is
accepted. The private key is the one of the stack's settings; where its file is not on this machine,
the SSH agent is asked.

  npm run ssh -- a
  npm run ssh -- b sudo journalctl -u etcd -n 20
  npm run ssh -- --stack prod c
`;

await command("ssh", help, async (args) => {
  const { values, rest } = splitArguments("ssh", args, stackOption, "words");
  const [wanted, ...remote] = rest;
  if (wanted?.startsWith("-")) throw usageError("ssh", `there is no option ${wanted}`);
  const stack = await openStack("ssh", values.stack);
  const [outputs, login] = await Promise.all([stackOutputs(stack), sshLogin(stack)]);
  const { address, hostKey } = findMember(outputs, wanted, stack.up);
  return passThrough("ssh", (file) => ({
    args: [
      ...(login === "agent" ? [] : ["-o", "IdentitiesOnly=yes", "-i"]),
      ...(login === "agent" ? [] : ["file" in login ? login.file : file("key", login.key)]),
      ...optionsFor(file("known_hosts", `${address} ${hostKey}\n`)),
      `${outputs.sshUser}@${address}`,
      ...remote,
    ],
  }));
});

/** A member by its name, its host name, its address or its endpoint. */
function findMember(
  { endpoints, hostKeys, discoveryDomain }: StackOutputs,
  wanted: string | undefined,
  up: string,
): { address: string; hostKey: string } {
  const names = Object.keys(endpoints).join(", ");
  if (!wanted) throw usageError("ssh", `a member is needed, one of ${names}`);
  const suffix = `.${discoveryDomain}`;
  const plain = wanted.toLowerCase().replace(/\.$/, "");
  const named = plain.endsWith(suffix) ? plain.slice(0, -suffix.length) : plain;
  const shown = Object.entries(endpoints).find(([, url]) =>
    [url, new URL(url).host, new URL(url).hostname].includes(plain),
  );
  const name = shown?.[0] ?? named;
  const endpoint = endpoints[name];
  if (!endpoint)
    throw new Error(`there is no member ${JSON.stringify(wanted)}; there are ${names}`);
  const hostKey = hostKeys[name];
  if (!hostKey)
    throw new Error(
      `the stack knows no host key of ${name}, so its machine cannot be told from another; ` +
        `${up} makes the first contact`,
    );
  return { address: new URL(endpoint).hostname, hostKey };
}

function optionsFor(knownHosts: string): string[] {
  return [
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile=${knownHosts}`,
    "GlobalKnownHostsFile=/dev/null",
    "HostKeyAlgorithms=ssh-ed25519",
    "UpdateHostKeys=no",
    "CheckHostIP=no",
    "LogLevel=ERROR",
    "ConnectTimeout=8",
    // A machine that stands still answers no packet: the session ends after 9 s of that.
    "ServerAliveInterval=3",
    "ServerAliveCountMax=2",
  ].flatMap((option) => ["-o", option]);
}
