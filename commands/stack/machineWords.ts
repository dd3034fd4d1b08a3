/**
 * What the machine of a member that does not answer says itself, over SSH where that is open: its
 * unit, the last words of etcd and of the preflight, its disk.
 */
import { readFileSync } from "node:fs";
import type { MemberAccess } from "../../components/ssh/memberAccess.ts";
import { pinnedAccess } from "../../components/ssh/memberAccess.ts";
import type { SshLogin } from "./sshLogin.ts";
import type { StackOutputs } from "./stackOutputs.ts";

const connectMs = 3000;
const scriptMs = 3000;
/** The whole look may take this long: a machine that hangs must not hold `status` up. */
const limitMs = 7000;

/**
 * A line each: the unit, the disk where it is nearly full, and the last words. journalctl repeats
 * what the preflight refused, and why.
 */
const script = `echo "etcd.service is $(systemctl is-active etcd) ($(systemctl is-enabled etcd))"
df --output=pcent,target /var/lib/etcd 2>/dev/null | awk 'NR > 1 && $1 + 0 >= 90 {
  print "its data disk is " $1 " full"
}'
journalctl -u etcd -n 4 -o cat --no-pager 2>/dev/null | cut -c 1-300
true
`;

/**
 * Asks these members' machines, all at once. Those that cannot be asked say why. Never rejects, and
 * takes, after the log-in is known, `patienceMs` at most (7 s unless given).
 */
export async function machineWords(
  names: readonly string[],
  { endpoints, hostKeys, sshUser }: StackOutputs,
  login: () => Promise<SshLogin>,
  patienceMs = () => limitMs,
): Promise<Readonly<Record<string, readonly string[]>>> {
  if (names.length === 0) return {};
  const key = await login().then(keyOf, (e: Error) => e);
  const limit = Math.min(patienceMs(), limitMs);
  const words = names.map(async (name): Promise<[string, readonly string[]]> => {
    if (key instanceof Error) return [name, [`SSH was not tried: ${key.message.split("\n")[0]}`]];
    const hostKey = hostKeys[name];
    if (!hostKey) return [name, ["SSH was not tried: the stack knows no host key of it"]];
    const host = new URL(endpoints[name] ?? "").hostname;
    const access = pinnedAccess({ host, user: sshUser, privateKey: key, hostKey });
    return [name, await said(access, limit)];
  });
  return Object.fromEntries(await Promise.all(words));
}

/** What one machine said, in lines. */
export async function said(access: MemberAccess, limit = limitMs): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly string[]>((resolve) => {
    const words = `SSH gave no answer in ${(limit / 1000).toFixed(0)} s`;
    timer = setTimeout(() => resolve([words]), limit);
  });
  const asked = access.run(script, connectMs, scriptMs).then(({ problem, output }) => {
    const lines = output.split("\n").filter((line) => line.trim() !== "");
    return lines.length ? lines : [`SSH does not open it either: ${problem}`];
  });
  try {
    return await Promise.race([asked, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws Error where only an agent holds the key: this program cannot ask with it */
function keyOf(login: SshLogin): string {
  if (login === "agent") throw new Error("the key is in an SSH agent; type: npm run ssh");
  return "key" in login ? login.key : readFileSync(login.file, "utf8");
}
