// The digest of a plan, and what is shown of it. Does not prove that the CLI's previews look like
// these: workflows.test.ts and tests/lab/pipelines.test.ts do.
import assert from "node:assert/strict";
import test from "node:test";
import { planOf, refusals, violations, type Preview, type Step } from "../../pipelines/plan.ts";
import { driftText, lineOf, planText } from "../../pipelines/words.ts";

const urn = (type: string, name: string) => `urn:pulumi:prod::etcd::etcd:index:X$${type}::${name}`;
const instance = urn("aws:ec2/instance:Instance", "etcd-a-instance");
const record = urn("cloudflare:index/dnsRecord:DnsRecord", "etcd-a-address");
const update: Step = {
  op: "update",
  urn: instance,
  diffReasons: ["tags", "instanceType"],
  oldState: { id: "i-1", inputs: { instanceType: "t3.small", tags: { A: "1", B: "2" } } },
  newState: { inputs: { instanceType: "t3.medium", tags: { A: "1", B: "2" } } },
};
const create: Step = { op: "create", urn: record, newState: { inputs: { content: "10.0.0.1" } } };
const plan: Preview = { steps: [update, create] };
const digest = (preview: Preview) => planOf(preview).digest;
const changed = (change: Partial<Step>): Preview => ({ steps: [{ ...update, ...change }, create] });

const same: readonly [what: string, Preview][] = [
  ["steps in another order", { steps: [create, update] }],
  ["reasons in another order", changed({ diffReasons: ["instanceType", "tags"] })],
  [
    "keys of inputs in another order",
    changed({ newState: { inputs: { tags: { B: "2", A: "1" }, instanceType: "t3.medium" } } }),
  ],
  [
    "what stays as it is beside it",
    { steps: [update, create, { op: "same", urn: "x" }, { op: "refresh", urn: "y" }] },
  ],
  ["a warning", { ...plan, diagnostics: [{ severity: "warning", message: "careful" }] }],
];
for (const [what, other] of same)
  test(`the same digest: ${what}`, () => {
    assert.equal(digest(other), digest(plan));
  });

const others: readonly [what: string, Preview][] = [
  ["another operation", changed({ op: "replace" })],
  ["another resource", changed({ urn: record })],
  ["another new input", changed({ newState: { inputs: { instanceType: "t3.large" } } })],
  [
    "another state of before, with the same end",
    changed({ oldState: { id: "i-1", inputs: { instanceType: "t3.nano" } } }),
  ],
  ["another machine of the same inputs", changed({ oldState: { ...update.oldState, id: "i-2" } })],
  ["another reason", changed({ diffReasons: ["tags"] })],
  ["one step less", { steps: [update] }],
  ["nothing", {}],
];
for (const [what, other] of others)
  test(`another digest: ${what}`, () => {
    assert.notEqual(digest(other), digest(plan));
  });

/** A key pair that is made, and a machine that names it. */
const named = (keyName: string, defaults: readonly string[] = ["keyName"]): Preview => ({
  steps: [
    {
      op: "create",
      urn: urn("aws:ec2/keyPair:KeyPair", "etcd-key"),
      newState: { inputs: { __defaults: defaults, keyName } },
    },
    { op: "create", urn: instance, newState: { inputs: { keyName } } },
  ],
});

test("a name that is drawn in each preview is no other plan; one that is given is", () => {
  assert.equal(digest(named("etcd-key-cd01855")), digest(named("etcd-key-4bf468e")));
  for (const other of ["etcd-key-4bf468", "other-key-4bf468e", "etcd-key-4bf468e-x"])
    assert.notEqual(digest(named("etcd-key-cd01855")), digest(named(other)));
  assert.notEqual(digest(named("etcd-key-cd01855", [])), digest(named("etcd-key-4bf468e", [])));
});

test("a replacement is one change, and its lines say what and why", () => {
  const steps = ["create-replacement", "replace", "delete-replaced"].map((op) => ({
    ...update,
    op,
    replaceReasons: ["subnetId"],
    diffReasons: ["__provider", "subnetId"],
  }));
  const { changes } = planOf({ steps: [...steps, create] });
  assert.deepEqual(changes.map(lineOf), [
    "+ cloudflare:index/dnsRecord:DnsRecord etcd-a-address",
    "- replace aws:ec2/instance:Instance etcd-a-instance [subnetId]",
  ]);
});

test("a text fits into a comment, cannot end its fence, and names what is deleted", () => {
  const steps = Array.from({ length: 3000 }, (_, i) => ({
    op: "delete",
    urn: urn("aws:ec2/instance:Instance", `etcd-\`\`\`-${i}`),
  }));
  const text = planText("prod", planOf({ steps: steps.slice(0, 2) }), "0123456789abcdef");
  assert.match(text, /2 deleted or replaced/);
  assert.match(text, /of 0123456789ab$/);
  assert.match(text, /^````diff$/m);
  const long = driftText("prod", planOf({ steps }), "");
  assert.ok(long.length < 65_000, `${long.length}`);
  assert.match(long, /… \d+ more lines/);
});

test("certificates that are due stand apart from what was changed", () => {
  const due = {
    ...update,
    urn: urn("pulumi-nodejs:dynamic/etcd:Certificate", "etcd-a-certificate"),
  };
  const text = driftText("prod", planOf({ steps: [due, create] }), "");
  const [before = "", after = ""] = text.split("Certificates that are due");
  assert.match(before, /etcd-a-address/);
  assert.doesNotMatch(before, /etcd-a-certificate/);
  assert.match(after, /etcd-a-certificate/);
});

test("a broken rule is found in the text of a preview, with what it says", () => {
  const text = [
    "Previewing update (prod):",
    " +  etcd:index:EtcdCluster etcd create",
    "Policies:",
    "    ❌ etcd@v0.1.0 (local: policy)",
    "        - [mandatory]  imds-v2  (aws:ec2/instance:Instance: etcd-a-instance)",
    "          metadataOptions.httpTokens is optional; set it to required.",
    "",
    "error: preview failed",
  ];
  const found = violations(text.join("\n"));
  assert.match(found.join("\n"), /\[mandatory\] {2}imds-v2.*\n.*set it to required\.$/);
  const advised = text.join("\n").replace("mandatory", "advisory");
  assert.deepEqual([violations(advised), violations("error: x")], [[], []]);
});

test("a refusal is told in the program's words, each once", () => {
  const line = (message: string) => ({ severity: "error", message });
  assert.deepEqual(
    refusals({ diagnostics: [line(" nodes: 4 members \n"), line("nodes: 4 members"), line("b")] }),
    ["nodes: 4 members", "b"],
  );
});
