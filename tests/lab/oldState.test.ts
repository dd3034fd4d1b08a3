// A healthy cluster under a writer, and a state that is older than the world, or was edited: `up`
// makes nothing beside what lives and removes nothing, and the `pulumi import` lines that it prints
// are typed and lead to a green one. Does not prove it for the official plugins.
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { labStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs } from "../../commands/stack/stackOutputs.ts";
import { labDir, stateDir } from "../../lab/paths.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { allRecords, mustRun, npmRun } from "./harness.ts";
import { instances, inventory } from "./inventory.ts";
import { onMachine } from "./machines.ts";
import { startWriter, type Writer } from "./writer.ts";

const quickly = ["--yes", "--skip-preview", "--non-interactive"];
let writer: Writer | undefined;

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
  writer = startWriter(await stackOutputs(await labStack(await ensureCli(() => undefined))));
});
after(async () => {
  // A cluster that was harmed cannot be read: the lab goes all the same.
  await writer?.stop().catch(() => undefined);
  await npmRun("lab", "stop");
});

/** What may not change: all there is in the clouds, each machine, each start of etcd. */
async function world(): Promise<object> {
  const found = await instances();
  const start = ({ id }: { id: string }) =>
    onMachine(`etcd-lab-${id}`, "systemctl", "show", "etcd", "--property=InvocationID,MainPID");
  return {
    things: await inventory(),
    machines: found,
    starts: await Promise.all(found.map(start)),
    // A client record that the state forgot is made anew: Cloudflare has no place for two.
    records: (await allRecords())
      .filter(({ name }) => !name.startsWith("_etcd-client"))
      .map(({ id, name }) => `${id} ${name}`)
      .sort(),
  };
}

/** Types each `pulumi import` line, answering its question with yes. Returns what was imported. */
async function typeImports(text: string): Promise<string[]> {
  const lines = [...text.matchAll(/^ *pulumi (import .*)$/gm)].map(([, line = ""]) => line);
  const names: string[] = [];
  for (const line of new Set(lines)) {
    const words = (line.match(/'[^']*'|\S+/g) ?? []).map((word) => word.replaceAll("'", ""));
    await mustRun("pulumi", ...words, "--yes", "--non-interactive");
    names.push(words.at(-2) ?? "");
  }
  return names.sort();
}

interface State {
  deployment: { resources: { urn: string; type: string }[] };
}

/** `pulumi state delete`, with all that depends on it, such as the record of the founding. */
async function deleteFromState(name: string): Promise<void> {
  const state = JSON.parse(await mustRun("pulumi", "stack", "export")) as State;
  const urn = state.deployment.resources.find((r) => r.urn.endsWith(`::${name}`))?.urn;
  assert.ok(urn, `${name} is not in the state`);
  await mustRun("pulumi", "state", "delete", urn, "--target-dependents", "--yes");
}

/** Takes resources out of the state, as an edit does, or a refresh that does not see them. */
async function forget(pattern: RegExp): Promise<void> {
  const state = JSON.parse(await mustRun("pulumi", "stack", "export")) as State;
  const gone = state.deployment.resources.filter(({ urn }) => pattern.test(urn));
  assert.ok(gone.length > 0, pattern.source);
  const urns = new Set(gone.map(({ urn }) => urn));
  const without = JSON.stringify(state, (_key, value: unknown) =>
    Array.isArray(value)
      ? value.filter((one: { urn?: string } | string) =>
          typeof one === "string" ? !urns.has(one) : !urns.has(one?.urn ?? ""),
        )
      : value,
  );
  await importState(without);
}

async function importState(text: string): Promise<void> {
  const file = path.join(labDir, "edited.json");
  await writeFile(file, text);
  await mustRun("pulumi", "stack", "import", "--file", file);
}

async function isWholeAgain(as: object): Promise<void> {
  await mustRun("pulumi", "up", ...quickly);
  assert.deepEqual(await world(), as);
  await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
}

test("machines and a volume that the state forgot stay, and are taken back as named", async () => {
  const living = await world();
  for (const member of ["a", "b", "c"]) await deleteFromState(`etcd-${member}-instance`);
  await forget(/::etcd-a-data$/);
  const { code: listed, text: sweep } = await npmRun("sweep");
  assert.equal(listed, 1, sweep);
  assert.match(sweep, /the volume vol-\w+ \(a\.etcd\.test\), in-use, Member=/);

  // A run ends at its first failures, so it may name some of them and the next one the others.
  const forgotten = ["etcd-a-data", "etcd-a-instance", "etcd-b-instance", "etcd-c-instance"];
  const taken: string[] = [];
  while (taken.length < forgotten.length) {
    const { code, text } = await npmRun("pulumi", "up", ...quickly);
    assert.notEqual(code, 0, text);
    assert.deepEqual(await world(), living);
    const imported = await typeImports(text);
    assert.ok(imported.length > 0, text);
    for (const name of imported)
      assert.match(text, new RegExp(`${name} was not made, and nothing was removed`));
    assert.match(text, /its tag Member=[0-9a-f]{8} says that it is, or was, /);
    taken.push(...imported);
    console.log(/^.*etcd-\S+ was not made[^]*?\n *npm run sweep.*$/m.exec(text)?.[0]);
  }
  assert.deepEqual(taken.sort(), forgotten);
  await isWholeAgain(living);
  assert.match(await mustRun("sweep"), /Nothing remains/);
});

test("a member's volume is not replaced, whatever is asked for", async () => {
  const living = await world();
  const { code, text } = await npmRun("pulumi", "up", ...quickly, "--replace", "**etcd-a-data");
  assert.notEqual(code, 0, text);
  assert.match(text, /etcd-a-data was not made[^]*The state has it, so this run would put another/);
  assert.deepEqual(await world(), living);
  await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
});

test("an older state and `up --refresh`: the machine that came later is no leftover", async () => {
  const older = await mustRun("pulumi", "stack", "export", "--show-secrets");
  await mustRun("pulumi", "up", "--replace", "**etcd-a-instance", ...quickly);
  const living = await world();
  await importState(older);
  const { code, text } = await npmRun("pulumi", "up", "--refresh", ...quickly);
  assert.notEqual(code, 0, text);
  assert.deepEqual(await world(), living);
  assert.deepEqual(await typeImports(text), ["etcd-a-instance"]);
  await isWholeAgain(living);
});

/** As docs/when-things-go-wrong.md says: the state as the newest run left it. */
async function stateOfLastRun(): Promise<string> {
  const folder = path.join(stateDir, ".pulumi/history/etcd/dev");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".checkpoint.json"));
  const newest = await readFile(path.join(folder, files.sort().at(-1) ?? ""), "utf8");
  const { checkpoint } = JSON.parse(newest) as { checkpoint: { latest: unknown } };
  return JSON.stringify({ version: 3, deployment: checkpoint.latest });
}

test("a refresh that saw another account: `up` makes nothing, the state is put back", async () => {
  const living = await world();
  const before = await stateOfLastRun();
  await forget(/\$aws:/);
  const { code, text } = await npmRun("pulumi", "up", ...quickly);
  assert.notEqual(code, 0, text);
  assert.match(text, /etcd-(members|[abc]-data) was not made, and nothing was removed/);
  assert.match(text, /pulumi import .* aws:\S+ etcd-(members sg-|[abc]-data vol-)/);
  assert.deepEqual(await world(), living);
  await importState(before);
  await mustRun("pulumi", "up", "--refresh", ...quickly);
  await isWholeAgain(living);
});

test("in all this no acknowledged write was lost", async () => {
  const score = await writer!.stop();
  writer = undefined;
  console.log(`${score.acknowledged} writes acknowledged, longest gap ${score.gapMs} ms`);
  assert.deepEqual(score.lost, []);
});
