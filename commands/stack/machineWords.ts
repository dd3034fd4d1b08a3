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

/** The node's program that knows which of etcd's words say why it does not run. */
const look = "/usr/local/lib/etcd-node/etcd-look";
/** As root. Each line begins with what it is of; without the whole bootstrap there is no `look`. */
export const script = `echo "unit $(systemctl is-active etcd) $(systemctl is-enabled etcd)"
df --output=pcent,target / /var/lib/etcd 2>/dev/null | sed -n '2,$s/^ */disk /p'
journalctl -u etcd -n 4 -o cat --no-pager 2>/dev/null | sed 's/^/log /'
[ ! -x ${look} ] || ${look} | sed 's/^/look /'
true
`;
/** A root disk that is fuller than this is part of the trouble, in percent. */
const fullPercent = 90;

/** What etcd-look says, as far as it is read here. */
interface Told {
  readonly unit?: { readonly restarts?: number };
  readonly words?: readonly string[];
}

/**
 * The script's output in lines for a person: the unit, the disks, and why etcd does not run; where
 * that is not known, the last lines of its log. Pure.
 */
export function inLines(output: string): string[] {
  const of = (what: string) =>
    output
      .split("\n")
      .filter((line) => line.startsWith(`${what} `))
      .map((line) => line.slice(what.length + 1).trim())
      .filter(Boolean);
  const { unit, words = [] } = toldBy(of("look")[0]);
  const [active, enabled] = of("unit")[0]?.split(" ") ?? [];
  const again = unit?.restarts ? `, started ${unit.restarts} times again` : "";
  const disks = of("disk").map((line) => line.split(/\s+/) as [string, string]);
  const shown = new Map(disks.map(([used, on]) => [on, used]));
  return [
    ...(active ? [`etcd.service is ${active} (${enabled || "no unit"})${again}`] : []),
    ...[...shown]
      .filter(([on, used]) => on !== "/" || shown.size === 1 || parseInt(used) >= fullPercent)
      .map(([on, used]) => `its disk at ${on} is ${used} full`),
    ...(words.length > 0 ? words : of("log")).flatMap((word) => word.split("\n")),
  ].map((line) => line.slice(0, 300));
}

function toldBy(json = "{}"): Told {
  try {
    return JSON.parse(json) as Told;
  } catch {
    return {};
  }
}

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
    if (key instanceof Error) return [name, [`SSH was not tried: ${firstLine(key)}`]];
    const hostKey = hostKeys[name];
    if (!hostKey) return [name, ["SSH was not tried: the stack knows no host key of it"]];
    const host = new URL(endpoints[name] ?? "").hostname;
    const access = pinnedAccess({ host, user: sshUser, privateKey: key, hostKey });
    return [name, await said(access, limit)];
  });
  return Object.fromEntries(await Promise.all(words));
}

const firstLine = ({ message }: Error) => message.replace(/:?\n.*/s, "");

/** What one machine said, in lines. */
export async function said(access: MemberAccess, limit = limitMs): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly string[]>((resolve) => {
    const words = `SSH gave no answer in ${(limit / 1000).toFixed(0)} s`;
    timer = setTimeout(() => resolve([words]), limit);
  });
  const asked = access.run(script, connectMs, scriptMs).then(({ problem, output }) => {
    const lines = inLines(output);
    return lines.length ? lines : [`by SSH it cannot be asked either: ${problem}`];
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
