// Each dynamic resource of ours made anew, one at a time: by `--replace`, a taint, or another name
// in a copy of the program. Whom its new outputs reach, what stands before another creation, and
// what the deletion of the one of before does to a cluster that lives. A kind that is not in the
// table fails. Does not prove that the engine asks the hooks, nor that etcd runs on:
// tests/lab/noHarm.test.ts does, for all at once; nor what a guard does where its members answer:
// tests/etcd/leaving.test.ts does.
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import * as path from "node:path";
import test, { after, before, describe } from "node:test";
import { makeAuthority } from "../../components/pki/certificates.ts";
import { projectDir } from "../../lab/paths.ts";
import { buildCluster, nodesNamed, type BuiltCluster } from "./clusterUnderMocks.ts";
import { type LivingWorld, livingWorld } from "./livingWorld.ts";

const settings = { nodes: nodesNamed("abc") };
const ofEach = (...what: string[]) =>
  ["a", "b", "c"].flatMap((member) => what.map((one) => `etcd-${member}-${one}`));

/** One kind of resource. */
interface Kind {
  readonly names: readonly string[];
  /** The outputs that the program reads. */
  readonly outputs: readonly string[];
  /** Which hook refuses another one while members are there; of those that decide a founding. */
  readonly onceBy?: string;
  /** What its deletion does while the cluster lives: it never does more than ask. */
  readonly deletion: "nothing" | "leaves all alone" | "refuses";
}

const nothing = { outputs: [], deletion: "nothing" } as const;
/** By class. */
const kinds: Readonly<Record<string, Kind>> = {
  StackId: {
    names: ["etcd-incarnation"],
    outputs: ["word"],
    onceBy: "etcd-no-machines",
    deletion: "leaves all alone",
  },
  Charter: { ...nothing, names: ["etcd-founders"], onceBy: "etcd-no-members" },
  Founding: {
    ...nothing,
    names: ["etcd-founding-volumes"],
    outputs: ["founding", "founders"],
    onceBy: "etcd-no-members",
  },
  CertificateAuthority: {
    ...nothing,
    names: ["etcd-ca"],
    outputs: ["certificate", "privateKey"],
    onceBy: "etcd-no-members",
  },
  HostKeySeed: {
    ...nothing,
    names: ["etcd-host-key-seed"],
    outputs: ["seed"],
    onceBy: "etcd-no-members",
  },
  HostKey: { ...nothing, names: ofEach("host-key"), outputs: ["publicKey", "privateKey"] },
  FirstContact: { ...nothing, names: ofEach("first-contact"), outputs: ["hostKey"] },
  Certificate: {
    ...nothing,
    names: ["etcd-operator-certificate", ...ofEach("certificate")],
    outputs: ["certificate", "privateKey", "notAfter"],
  },
  DnsReadiness: {
    ...nothing,
    names: ["etcd-dns-readiness", "etcd-clients-dns"],
    outputs: ["openedAt"],
  },
  Machines: { ...nothing, names: ["etcd-machines"] },
  Membership: { ...nothing, names: ["etcd-membership"], outputs: ["done"] },
  ClusterHealth: {
    ...nothing,
    names: ["etcd-health"],
    outputs: ["clusterId", "revision", "healthySince"],
  },
  Leftovers: {
    names: ["etcd-leftovers", ...ofEach("leftovers")],
    outputs: [],
    deletion: "leaves all alone",
  },
  MemberShutdown: { names: ofEach("shutdown"), outputs: [], deletion: "refuses" },
};

const shutdowns = ofEach("shutdown").map((name) => `${name}.operator`);
/**
 * Which inputs are others while one resource has other outputs. All are updated in place; of a
 * certificate, etcd reads the files at each handshake. Nobody else reaches anybody.
 */
const reached: Readonly<Record<string, readonly string[]>> = {
  "etcd-dns-readiness": ["etcd-membership.openedAt"],
  "etcd-operator-certificate": [...shutdowns, "etcd-health.identity", "etcd-membership.operator"],
  ...Object.fromEntries(
    ["a", "b", "c"].flatMap((member) => {
      const [own, access] = [`etcd-${member}-bootstrap`, `etcd-${member}-shutdown.hostKey`];
      const byKey = [access, `${own}.connection`, "etcd-membership.members"];
      const contact = `etcd-${member}-first-contact`;
      return [
        [
          `etcd-${member}-certificate`,
          [`${own}.stdin`, "etcd-health.bootstraps", "etcd-membership.bootstraps"],
        ],
        [contact, byKey],
        [`etcd-${member}-host-key`, [...byKey, `${contact}.hostKey`, `${contact}.hostPrivateKey`]],
      ];
    }),
  ),
};

let cluster: BuiltCluster;
let world: LivingWorld;
before(async () => {
  cluster = await buildCluster(settings);
  world = await livingWorld(
    "etcd.test",
    ["a", "b", "c"],
    String(cluster.one("etcd-claim").inputs.comment),
  );
});
after(() => world.close());

/** Inputs that are others in a second build, but for the keys that are drawn for new machines. */
async function changesWith(anew: Parameters<typeof buildCluster>[1]): Promise<string[]> {
  const other = await buildCluster(settings, anew);
  return cluster.registered
    .flatMap(({ name, inputs }) => {
      const { inputs: now } = other.one(name);
      const keys = Object.keys({ ...inputs, ...now });
      const differ = keys.filter((key) => JSON.stringify(inputs[key]) !== JSON.stringify(now[key]));
      return differ.map((key) => `${name}.${key}`);
    })
    .filter((change) => !/\.(userData|firstHostKey)$/.test(change))
    .sort();
}

test("every class of dynamic resource is in the table, with the outputs that it declares", () => {
  const declared: Record<string, string[]> = {};
  const classes = /^export class (\w+) extends pulumi\.dynamic\.Resource \{([^]*?)^\}/gm;
  const outputs = /^ {2}(?:declare )?readonly (\w+): pulumi\.Output</gm;
  for (const file of globSync("components/**/*.ts", { cwd: projectDir })) {
    const source = readFileSync(path.join(projectDir, file), "utf8");
    for (const [, name = "", body = ""] of source.matchAll(classes))
      declared[name] = [...body.matchAll(outputs)].map(([, output = ""]) => output);
  }
  delete declared.Founding; // it declares the record of older releases under another name, too
  const { Founding: _, ...others } = kinds;
  assert.deepEqual(
    declared,
    Object.fromEntries(Object.entries(others).map(([name, { outputs }]) => [name, outputs])),
  );
});

test("every dynamic resource of a cluster is in the table", () => {
  const dynamic = cluster.registered.filter(({ type }) => type.startsWith("pulumi-nodejs:dynamic"));
  assert.deepEqual(
    dynamic.map(({ name }) => name).sort(),
    Object.values(kinds)
      .flatMap(({ names }) => names)
      .sort(),
  );
});

test("none goes before its successor is there, which would take what depends on it along", () => {
  for (const name of Object.values(kinds).flatMap(({ names }) => names))
    assert.ok(!cluster.options.get(name)?.deleteBeforeReplace, name);
});

test("the same program twice says the same, but for the keys of new machines", async () => {
  assert.deepEqual(await changesWith({}), []);
  for (const instance of ofEach("instance"))
    assert.ok(cluster.options.get(instance)?.ignoreChanges?.includes("userData"));
});

for (const [kind, { names, outputs, onceBy, deletion }] of Object.entries(kinds))
  for (const name of names)
    describe(`${name}, a ${kind}`, () => {
      if (onceBy)
        test("another one is refused while members are there, in preview, too", () => {
          const hooks = cluster.options.get(name)?.hooks?.beforeCreate ?? [];
          const [hook] = hooks.filter((one) => typeof one !== "function" && one.name === onceBy);
          assert.ok(hook && typeof hook !== "function", `${onceBy} is no hook of it`);
          assert.equal(hook.opts?.onDryRun, true);
        });
      // The members' are alike: those of one will do.
      else if (!/^etcd-[bc]-/.test(name))
        test("another one reaches nothing at AWS or Cloudflare, and replaces nothing", async () => {
          const { certificate } = await makeAuthority("another", 30);
          const other = (output: string) => (output === "certificate" ? certificate : "another");
          const anew = Object.fromEntries(outputs.map((output) => [output, other(output)]));
          const changes = await changesWith({ [name]: anew });
          assert.deepEqual(changes, [...(reached[name] ?? [])].sort());
          for (const change of changes) {
            const [who = "", input = ""] = change.split(".");
            assert.doesNotMatch(cluster.one(who).type, /^(aws|cloudflare):/);
            assert.doesNotMatch(input, /^(instanceId|triggers)$/, "that replaces it");
          }
        });

      test(`its deletion does this to a cluster in service: ${deletion}`, async () => {
        const { inputs } = cluster.one(name);
        const members = (inputs.members ?? []) as readonly object[];
        const unreachable = {
          host: "127.0.0.1",
          port: 1,
          members: members.map((member) => ({ ...member, endpoint: "http://127.0.79.1:2379" })),
          operator: undefined,
        };
        const { questions, changes, refusal } = await world.deletion({
          ...inputs,
          ...(kind === "StackId" ? { word: "0a1b2c" } : {}),
          ...(kind === "MemberShutdown" ? unreachable : {}),
        });
        assert.deepEqual(changes, []);
        assert.equal(questions > 0, deletion !== "nothing");
        if (deletion === "refuses") assert.match(refusal, /stays; it was not touched/);
        else assert.equal(refusal, "");
      });
    });
