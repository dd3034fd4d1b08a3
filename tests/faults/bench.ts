/** What the tests of a file share: everything rendered and signed once, and worlds of every version. */
import { whyNoLab } from "../../lab/ability.ts";
import { missingCommands } from "../../lab/prerequisites.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import { clientLeaf, makeAuthority, memberLeaf, type Authority } from "./certificates.ts";
import { names } from "./places.ts";
import { renderNodes } from "./rendered.ts";
import { openWorld, whyNoWorld, type OpenWorld, type Pki } from "./world.ts";

export interface Bench {
  readonly authority: Authority;
  readonly pki: Pki;
  world(version: string, tls: boolean): Promise<OpenWorld>;
}

export async function openBench(): Promise<Bench> {
  const [files, authority] = await Promise.all([renderNodes(), makeAuthority()]);
  const [client, ...members] = await Promise.all([authority.issue(clientLeaf), ...names.map((name) => authority.issue(memberLeaf(name)))]);
  const pki: Pki = { ca: authority.cert, client, members: Object.fromEntries(names.map((name, i) => [name, members[i] as Pki["client"]])) };
  return {
    authority, pki,
    async world(version, tls) {
      const { binDir } = await ensureEtcd(version, () => undefined);
      return openWorld({ version, tls, binDir, files: files[tls ? "tls" : "plain"], pki });
    },
  };
}

/** Why these tests cannot run here, in words that end a sentence; undefined when they can. */
export async function whyNoBench(): Promise<string | undefined> {
  const none = await whyNoWorld();
  if (none !== undefined || (await missingCommands([{ command: "ruby", apt: "ruby", dnf: "ruby" }])).length === 0) return none;
  const lab = await whyNoLab();
  return lab === undefined ? undefined : `they need ruby to render the cookbook's templates, or the lab, whose image has one; the lab cannot run here: ${lab}`;
}
