// The policy pack, asked by the engine about the dev stack and about a program that somebody broke.
// Does not prove what each rule says: tests/policy does. The official language host is not run
// here.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { labDir, projectDir } from "../../lab/paths.ts";
import { mustRun, npmRun, pulumiWith, type Outcome } from "./harness.ts";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await npmRun("lab", "stop");
});

const pack = ["--policy-pack", path.join(projectDir, "policy")];

/** Names of the rules that found something, by what that does. */
function found(text: string, level: "mandatory" | "advisory"): string[] {
  return [
    ...new Set(
      [...text.matchAll(new RegExp(`\\[${level}\\] +(\\S+)`, "g"))].map(([, name = ""]) => name),
    ),
  ].sort();
}

function passes({ code, text }: Outcome): void {
  assert.equal(code, 0, text);
  assert.match(text, /etcd@v0\.1\.0 \(local: .*policy\)/, "the pack was not asked");
  assert.deepEqual(found(text, "mandatory"), []);
  // The lab's mirror says itself what its archives should be; and nothing else was found, nor left
  // out because a preview did not know it.
  assert.deepEqual(found(text, "advisory"), ["etcd-digests"]);
}

test("the dev stack passes, before anything exists", async () => {
  passes(await npmRun("pulumi", "preview", "--non-interactive", ...pack));
});

test("a rule can be raised, and then stops the preview", async () => {
  const config = path.join(labDir, "policy.json");
  await fs.mkdir(labDir, { recursive: true });
  await fs.writeFile(config, JSON.stringify({ "etcd-digests": "mandatory" }));
  const { code, text } = await npmRun(
    "pulumi",
    "preview",
    "--non-interactive",
    ...pack,
    "--policy-pack-config",
    config,
  );
  assert.notEqual(code, 0, text);
  assert.deepEqual(found(text, "mandatory"), ["etcd-digests"]);
  assert.match(
    text,
    /etcdChecksums is mirror: whoever serves the archive also says what it should be/,
  );
});

/**
 * What somebody changes in the program, and the rules that stop it. One change a preview: what
 * depends on a refused resource is not looked at.
 */
const breaks: readonly [
  file: string,
  from: string,
  to: string,
  rules: readonly string[],
  said: RegExp,
][] = [
  [
    "components/etcdNode.ts",
    'httpTokens: "required"',
    'httpTokens: "optional"',
    ["imds-v2"],
    /metadataOptions\.httpTokens is optional; set it to "required"\./,
  ],
  [
    "components/etcdNode.ts",
    "encrypted: true, kmsKeyId",
    "kmsKeyId",
    ["encrypted-volumes"],
    /encrypted is not set; set it to true/,
  ],
  [
    "components/machine/network.ts",
    "{ referencedSecurityGroupId: group.id }",
    '{ cidrIpv4: "0.0.0.0/0" }',
    ["no-open-ports", "peer-port"],
    /2380 is open to 0\.0\.0\.0\/0; name the networks or groups that need it/,
  ],
  [
    "components/names.ts",
    '_etcd-client${tls ? "-ssl" : ""}',
    '_etcd-client${tls ? "" : "-ssl"}',
    ["srv-kinds"],
    /etcd\.test has SRV records of both kinds/,
  ],
];
for (const [file, from, to, rules, said] of breaks) {
  test(`${rules.join(", ")}: a program that somebody broke fails in preview`, async () => {
    const { code, text } = await npmRun(
      "pulumi",
      "preview",
      "--non-interactive",
      "--cwd",
      await brokenProject(file, from, to),
      ...pack,
    );
    assert.notEqual(code, 0, text);
    assert.deepEqual(found(text, "mandatory"), rules);
    assert.match(text, said);
  });
}

test("the dev stack passes while it is made, and once it runs", async () => {
  passes(await pulumiWith({}, "up", "--yes", "--skip-preview", ...pack));
  passes(await npmRun("pulumi", "preview", "--expect-no-changes", "--non-interactive", ...pack));
  // Only now a record's comment can be judged: before the first up nobody knows the incarnation.
  const { code, text } = await npmRun(
    "pulumi",
    "preview",
    "--non-interactive",
    "--cwd",
    await brokenProject("components/recovery/marks.ts", "return `pulumi ", "return `"),
    ...pack,
  );
  assert.notEqual(code, 0, text);
  assert.deepEqual(found(text, "mandatory"), ["marks"]);
});

/**
 * The project below .lab, with its program changed in a place that must be there, and the rest
 * linked.
 */
async function brokenProject(file: string, from: string, to: string): Promise<string> {
  const folder = await fs.mkdtemp(path.join(labDir, "broken-"));
  for (const name of ["components", "index.ts"])
    await fs.cp(path.join(projectDir, name), path.join(folder, name), { recursive: true });
  for (const name of [
    ".lab",
    "cookbooks",
    "node_modules",
    "package.json",
    "Pulumi.yaml",
    "Pulumi.dev.yaml",
  ])
    await fs.symlink(path.join(projectDir, name), path.join(folder, name));
  const text = await fs.readFile(path.join(folder, file), "utf8");
  assert.ok(text.includes(from), `${file} has no ${from} to break`);
  await fs.writeFile(path.join(folder, file), text.replaceAll(from, to));
  return folder;
}
