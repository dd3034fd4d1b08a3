// A stack made by the program of an earlier commit, taken over by today's: resources are updated in
// place, etcd runs on, nothing that was there goes. Does not prove it for other configurations than
// the lab's, for an earlier CLI or earlier packages (both programs run with today's), nor for the
// official plugins.
import assert from "node:assert/strict";
import test, { after, before, describe } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { inWords, runProgram, startingPoints, type Step, unpackProgram } from "./earlierProgram.ts";
import { mustRun, npmRun } from "./harness.ts";
import { instances, inventory } from "./inventory.ts";
import { onMachine } from "./machines.ts";

/** What an upgrade may do beside making and updating, and why. Printed at each use. */
interface Allowed {
  readonly op: RegExp;
  readonly urn: RegExp;
  readonly reason: string;
}
const allowed: readonly Allowed[] = [];
const harmless = new Set(["create", "update", "read", "refresh"]);

/** What each machine is and runs; nothing of it may change. */
interface Machine {
  readonly instance: string;
  /** Process, start, and systemd's own name for this start of etcd. */
  readonly etcd: string;
  readonly token: string;
}
interface World {
  readonly machines: Readonly<Record<string, Machine>>;
  /** As etcd tells it: the cluster's ID and each member's, by name. */
  readonly clusterId: string;
  readonly memberIds: Readonly<Record<string, string>>;
  readonly data: string;
  /** How often a converge has begun, by member. */
  readonly converges: Readonly<Record<string, number>>;
  /** IDs in the clouds and elsewhere, by URN. */
  readonly ids: Readonly<Record<string, string>>;
  /** Random words that were drawn at the founding, by URN. */
  readonly words: Readonly<Record<string, string>>;
}

for (const point of startingPoints)
  describe(`from ${point.name}`, () => {
    let earlier: World;
    let preview: readonly Step[] | undefined;

    before(async () => {
      await mustRun("lab", "stop");
      await mustRun("lab", "start");
      const folder = await unpackProgram(point);
      await mustRun("pulumi", "stack", "ls"); // makes the stack and installs the plugins
      const { code, text } = await runProgram(folder, "up", "--yes", "--skip-preview");
      assert.equal(code, 0, text);
      for (let i = 0; i < 20; i++) await etcdctl("a", "put", `key-${i}`, `value-${i}`);
      earlier = await world();
      assert.equal(Object.keys(earlier.machines).length, 3);
      assert.ok(Object.keys(earlier.ids).length > 30, Object.keys(earlier.ids).join("\n"));
      assert.ok(Object.keys(earlier.words).length >= 2, Object.keys(earlier.words).join("\n"));
      assert.match(earlier.data, /^key-19\nvalue-19$/m);
    });
    after(async () => {
      await npmRun("lab", "stop");
    });

    test(
      "preview makes and updates, and removes and replaces nothing but " + "what is listed",
      async () => {
        const { code, text, steps } = await runProgram(projectDir, "preview");
        assertHarmless("preview", steps);
        assert.equal(code, 0, `${text}\n${inWords(steps)}`);
        preview = steps;
      },
    );

    test("up does the same", async () => {
      assert.ok(preview, "not tried, because of what preview said");
      const { code, text, steps } = await runProgram(projectDir, "up", "--yes", "--skip-preview");
      assert.equal(code, 0, `${text}\n${inWords(steps)}`);
      console.log(`today's program over that of ${point.name}:\n${inWords(steps) || "  nothing"}`);
      assertHarmless("up", steps);
      const announced = new Set(preview.map(({ urn }) => urn));
      assert.deepEqual(
        steps.filter(({ urn }) => !announced.has(urn)),
        [],
        "preview did not tell of these",
      );
    });

    test("nothing that was there is another one now, and etcd was not restarted", async () => {
      const now = await world();
      assert.deepEqual(now.machines, earlier.machines);
      assert.deepEqual([now.clusterId, now.memberIds], [earlier.clusterId, earlier.memberIds]);
      assert.deepEqual(stillThere(earlier.ids, now.ids), earlier.ids);
      assert.deepEqual(stillThere(earlier.words, now.words), earlier.words);
      assert.equal(now.data, earlier.data);
    });

    test("each machine converged once at the most", async () => {
      const { converges } = await world();
      for (const [member, count] of Object.entries(converges))
        assert.ok(
          count - (earlier.converges[member] ?? 0) <= 1,
          `${member}: ${earlier.converges[member]} before, ${count} now`,
        );
    });

    test("then nothing is left to change, also after asking the services", async () => {
      for (const refresh of [[], ["--refresh"]]) {
        const { code, text, steps } = await runProgram(
          projectDir,
          "preview",
          "--expect-no-changes",
          ...refresh,
        );
        assert.equal(code, 0, `${refresh.join("")}\n${inWords(steps)}\n${text}`);
      }
      assert.match(await mustRun("status"), /Healthy: one cluster/);
    });

    test("a member that restarts then is the same one, and noted on its data disk", async () => {
      const found = (await instances()).find(({ node }) => node === "b");
      assert.ok(found);
      const container = `etcd-lab-${found.id}`;
      await onMachine(container, "systemctl", "restart", "etcd");
      assert.match(await mustRun("status"), /Healthy: one cluster/);
      assert.deepEqual((await world()).memberIds, earlier.memberIds);
      const marker = await onMachine(container, "cat", "/var/lib/etcd/member.json");
      assert.equal((JSON.parse(marker) as { name: string }).name, "b");
    });

    test("destroy takes all of it away", async () => {
      const { code, text } = await runProgram(projectDir, "destroy", "--yes", "--skip-preview");
      assert.equal(code, 0, text);
      assert.doesNotMatch(text, /left running|could not be/);
      assert.deepEqual(await inventory(), []);
    });
  });

function assertHarmless(run: string, steps: readonly Step[]): void {
  const unwanted = steps.filter(({ op, urn }) => {
    if (harmless.has(op)) return false;
    const exception = allowed.find((one) => one.op.test(op) && one.urn.test(urn));
    if (exception) console.log(`allowed in ${run}: ${op} ${urn}, because ${exception.reason}`);
    return !exception;
  });
  assert.ok(
    unwanted.length === 0,
    `an upgrade may only make and update, but this ${run} would also do:\n${inWords(unwanted)}\n` +
      `The whole ${run}:\n${inWords(steps)}`,
  );
}

/** Of what is now, that which was there before; what an allowed step took away is not missed. */
function stillThere(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(before).map(([urn, value]) => [
      urn,
      urn in now || !allowed.some((one) => one.urn.test(urn)) ? now[urn] : value,
    ]),
  );
}

/** On the member's machine: the stack's outputs may have another shape at each starting point. */
async function etcdctl(member: string, ...args: string[]): Promise<string> {
  const found = (await instances()).find(({ node }) => node === member);
  assert.ok(found, `no machine of ${member}`);
  return onMachine(
    `etcd-lab-${found.id}`,
    "/opt/etcd/etcdctl",
    "--endpoints=https://127.0.0.1:2379",
    "--cacert=/etc/etcd/pki/ca.crt",
    "--cert=/etc/etcd/pki/member.crt",
    "--key=/etc/etcd/pki/member.key",
    ...args,
  );
}

async function world(): Promise<World> {
  const found = await instances();
  const ofEach = async <T>(ask: (container: string, id: string) => Promise<T>) =>
    Object.fromEntries(
      await Promise.all(
        found.map(async ({ node, id }) => [node, await ask(`etcd-lab-${id}`, id)] as const),
      ),
    );
  // IDs have 64 bits, more than JSON.parse keeps.
  const listed = (await etcdctl("a", "member", "list", "--write-out=json")).replaceAll(
    /:(\d{16,})/g,
    ':"$1"',
  );
  const members = JSON.parse(listed) as {
    header: { cluster_id: string };
    members: { ID: string; name: string }[];
  };
  const resources = await resourcesInState();
  return {
    machines: await ofEach(async (container, instance) => ({
      instance,
      etcd: await onMachine(
        container,
        "systemctl",
        "show",
        "etcd.service",
        "--property=MainPID,ActiveEnterTimestamp,InvocationID,NRestarts",
      ),
      token: await tokenOn(container),
    })),
    clusterId: members.header.cluster_id,
    memberIds: Object.fromEntries(members.members.map(({ ID, name }) => [name, ID])),
    data: await etcdctl("a", "get", "key-", "--prefix"),
    converges: await ofEach(async (container) =>
      Number(
        await onMachine(
          container,
          "grep",
          "-c",
          "converge .* begins$",
          "/var/lib/etcd-bootstrap/converge.log",
        ),
      ),
    ),
    ids: Object.fromEntries(resources.flatMap(({ urn, id }) => (id ? [[urn, id]] : []))),
    words: Object.fromEntries(
      resources.flatMap(({ urn, outputs = {} }) =>
        [outputs.word, outputs.founding].flatMap((word) =>
          typeof word === "string" ? [[urn, word]] : [],
        ),
      ),
    ),
  };
}

/** Up to 0.1.0 it stands in etcd's own file, since then in the settings of a first start. */
async function tokenOn(container: string): Promise<string> {
  const files = ["/etc/etcd/etcd.yaml", "/etc/etcd/preflight.json"];
  const text = await onMachine(container, "cat", ...files);
  const token = /"?(?:initial-cluster-)?token"?: "([^"]+)"/.exec(text)?.[1];
  assert.ok(token, text);
  return token;
}

interface StateResource {
  readonly urn: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** Without the providers: each run may configure its own. */
async function resourcesInState(): Promise<StateResource[]> {
  const { deployment } = JSON.parse(await mustRun("pulumi", "stack", "export")) as {
    deployment: { resources: StateResource[] };
  };
  return deployment.resources.filter(({ urn }) => !urn.includes("::pulumi:providers:"));
}
