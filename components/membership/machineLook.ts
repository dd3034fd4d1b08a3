/**
 * What a machine is, asked over SSH of the node's program etcd-look. A machine that is gone does
 * not answer at all, so nobody waits for it a second time: what it says counts when it comes. Runs
 * inside dynamic providers.
 */
import type { MemberAccess } from "../ssh/memberAccess.ts";
import type { MachineSight, WantedMember } from "./situation.ts";

/** Where the node's programs are. */
export const programs = "/usr/local/lib/etcd-node";

/** How long a machine may take the first time, and once it has been silent, in milliseconds. */
const firstMs = 5_000;
const afterSilenceMs = 500;
/** etcd-look needs 3 s at most. */
const scriptMs = 5_000;

/** Asks one machine, also whether its resolver finds these members. Never rejects. */
export type MachineLook = (
  member: WantedMember,
  toFind: readonly WantedMember[],
) => Promise<MachineSight>;

/** Looks at machines again and again; it remembers which ones are silent. */
export function machineLooks(accessTo: (member: WantedMember) => MemberAccess): MachineLook {
  const underWay = new Map<string, Promise<MachineSight>>();
  const silent = new Set<string>();
  return async (member, toFind) => {
    const { name } = member;
    let asked = underWay.get(name);
    if (!asked) {
      asked = ask(member, accessTo(member), toFind).finally(() => underWay.delete(name));
      underWay.set(name, asked);
    }
    const patienceMs = silent.has(name) ? afterSilenceMs : firstMs;
    const sight = await within(patienceMs, asked);
    if (sight) silent.delete(name);
    else silent.add(name);
    return sight ?? unseen(`no answer by SSH within ${firstMs / 1000} s`);
  };
}

async function within<T>(ms: number, answer: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  const first = await Promise.race([answer, late]);
  clearTimeout(timer);
  return first;
}

/** A machine that says nothing, and why. */
export function unseen(problem: string): MachineSight {
  return {
    problem,
    unit: "",
    restarts: 0,
    enabled: false,
    disk: "",
    bytes: 0,
    joinedAs: "",
    ticket: "",
    unresolved: [],
    words: [],
  };
}

async function ask(
  member: WantedMember,
  access: MemberAccess,
  toFind: readonly WantedMember[],
): Promise<MachineSight> {
  const hosts = toFind.map((other) => `'${hostOf(other)}=${other.address}'`);
  const { problem, output } = await access.run(lookScript(hosts), 0, scriptMs);
  return problem ? unseen(problem) : sightIn(output, member, toFind);
}

function lookScript(hosts: readonly string[]): string {
  const look = `${programs}/etcd-look`;
  return [
    `if [ ! -x ${look} ]; then`,
    `  echo 'it has no ${look}: its bootstrap did not end, or is of an older release'`,
    "  exit 1",
    "fi",
    [look, ...hosts].join(" "),
    "",
  ].join("\n");
}

const hostOf = ({ peerUrl }: WantedMember) => new URL(peerUrl).hostname;

/** What etcd-look prints, as far as it is read here. */
interface Told {
  readonly name: string;
  readonly volume: string;
  readonly unit: { readonly active: string; readonly restarts: number };
  readonly enabled: boolean;
  readonly disk: MachineSight["disk"];
  readonly bytes: number;
  readonly memberId: string | null;
  readonly ticket: string | null;
  readonly words: readonly string[];
  /** Begins with a host. */
  readonly unresolved: readonly string[];
}

/** Pure. */
export function sightIn(
  output: string,
  member: WantedMember,
  toFind: readonly WantedMember[],
): MachineSight {
  const line = output.split("\n").find((text) => text.startsWith("{")) ?? "";
  let told: Partial<Told>;
  try {
    told = JSON.parse(line) as Partial<Told>;
  } catch {
    return unseen(`etcd-look said what cannot be read: ${output.slice(0, 200) || "nothing"}`);
  }
  const { name, volume, unit, enabled, disk, bytes, memberId, ticket, words, unresolved } = told;
  if (name !== member.name) return unseen(`it is set up as node ${name}, not ${member.name}`);
  if (volume && volume !== member.volume)
    return unseen(
      `it is set up for the data volume ${volume}, not ${member.volume}: it was not bootstrapped ` +
        "since that changed",
    );
  return {
    problem: "",
    unit: unit?.active ?? "unknown",
    restarts: unit?.restarts ?? 0,
    enabled: enabled ?? false,
    disk: disk ?? "",
    bytes: bytes ?? 0,
    joinedAs: memberId ?? "",
    ticket: ticket === "found" || ticket === "join" ? ticket : "",
    unresolved: toFind.flatMap((other) =>
      (unresolved ?? [])
        .filter((said) => said.startsWith(hostOf(other)))
        .map((said) => `${other.name} (${said})`),
    ),
    words: words ?? [],
  };
}
