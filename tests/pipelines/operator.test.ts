// The operator's manifest: it parses, has only fields that the operator's own schema (2.9) has, and
// names the project's CLI. Does not prove that the operator runs it: that takes a Kubernetes.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test from "node:test";
import { parseAllDocuments } from "yaml";
import { projectDir } from "../../lab/paths.ts";
import { cliVersion } from "../../lab/toolchain/cli.ts";

const text = await fs.readFile(path.join(projectDir, "pipelines/operator.yaml"), "utf8");
const documents = parseAllDocuments(text).map(
  (document) => document.toJS() as { kind: string; spec?: Record<string, unknown> },
);
const spec = documents.find(({ kind }) => kind === "Stack")?.spec ?? {};

/** Of StackSpec, those used here: a field the server does not know is dropped without a word. */
const known = [
  "serviceAccountName",
  "stack",
  "useLocalStackOnly",
  "backend",
  "projectRepo",
  "branch",
  "shallow",
  "refresh",
  "continueResyncOnCommitMatch",
  "resyncFrequencySeconds",
  "destroyOnFinalize",
  "retryMaxBackoffDurationSeconds",
  "workspaceReclaimPolicy",
  "gitAuth",
  "workspaceTemplate",
];

test("three documents, with known fields only", () => {
  assert.deepEqual(
    documents.map(({ kind }) => kind),
    ["ServiceAccount", "ClusterRoleBinding", "Stack"],
  );
  assert.deepEqual(Object.keys(spec).sort(), [...known].sort());
});

test("what keeps it from harm: no refresh, no destroy, no stack that is not there", () => {
  assert.deepEqual(
    [spec.refresh, spec.destroyOnFinalize, spec.useLocalStackOnly],
    [false, false, true],
  );
});

test("the image has the project's CLI", () => {
  const { image } = (spec.workspaceTemplate as { spec: { image: string } }).spec;
  assert.equal(image, `pulumi/pulumi-nodejs:${cliVersion}-nonroot`);
});
