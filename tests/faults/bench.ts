/**
 * What the tests of a file share: everything rendered and signed once, and worlds of every version.
 */
import { whyNoLab } from "../../lab/ability.ts";
import { installPackages, missingCommands, type Needed } from "../../lab/prerequisites.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import { hostHasRuby } from "../ruby.ts";
import { clientLeaf, makeAuthority, memberLeaf, type Authority } from "./certificates.ts";
import { names } from "./places.ts";
import { renderNodes } from "./rendered.ts";
import { openWorld, whyNoWorld, type OpenWorld, type Pki } from "./world.ts";

export interface Bench {
  readonly authority: Authority;
  readonly pki: Pki;
  world(version: string, tls: boolean): Promise<OpenWorld>;
}

/** `machines`: the names of those that each world has. @default the declared members */
export async function openBench(machines: readonly string[] = names): Promise<Bench> {
  const [files, authority] = await Promise.all([renderNodes(machines), makeAuthority()]);
  const [client, ...members] = await Promise.all([
    authority.issue(clientLeaf),
    ...machines.map((name) => authority.issue(memberLeaf(name))),
  ]);
  const pki: Pki = {
    ca: authority.cert,
    client,
    members: Object.fromEntries(machines.map((name, i) => [name, members[i] as Pki["client"]])),
  };
  return {
    authority,
    pki,
    async world(version, tls) {
      const { binDir } = await ensureEtcd(version, () => undefined);
      return openWorld({ version, tls, binDir, files: files[tls ? "tls" : "plain"], pki });
    },
  };
}

const needed: readonly Needed[] = [
  { command: "ip", apt: "iproute2", dnf: "iproute" },
  { command: "openssl", apt: "openssl", dnf: "openssl" },
  { command: "/usr/bin/python3", apt: "python3", dnf: "python3" },
];

/**
 * Why these tests cannot run here, in words that end a sentence; undefined when they can, after
 * `installNeeded`.
 */
export async function whyNoBench(): Promise<string | undefined> {
  const none = await whyNoWorld();
  if (none !== undefined) return none;
  const missing = await missingCommands(needed);
  const lab = await whyNoLab();
  if (lab === undefined) return undefined; // it can install what is missing, and its image has ruby
  if (missing.length > 0)
    return (
      `they need ${missing.map(({ command }) => command).join(", ")}. Install: ` +
      `${missing.map(({ apt }) => apt).join(" ")}.`
    );
  return (await hostHasRuby())
    ? undefined
    : "they need ruby to render the cookbook's templates, or the lab, whose image has " +
        `one. Install ruby; the lab cannot run here: ${lab}`;
}

/** Installs what these tests need beyond the lab, having said so. */
export const installNeeded = (report: (line: string) => void): Promise<void> =>
  installPackages(needed, report);
