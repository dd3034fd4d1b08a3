// Pulumi.yaml lets every setting reach the program, which alone judges it. Does not prove that
// descriptions are true; tests/docs compares it with the schema.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parse } from "yaml";
import { schema } from "../../components/settings/schema.ts";
import { checkStack } from "../../components/settings/stackConfig.ts";

interface Key {
  type?: string;
  default: unknown;
  description: string;
}
const declared = (parse(readFileSync("Pulumi.yaml", "utf8")) as { config: Record<string, Key> })
  .config;

test("every setting the program reads is declared, and the other way round", () => {
  assert.deepEqual(Object.keys(declared).sort(), Object.keys(schema).sort());
});

test("every setting has a default, no type, and a description that is a sentence", () => {
  for (const [name, key] of Object.entries(declared)) {
    assert.ok(!("type" in key), `${name} has a type: the CLI would stop at it, before our checks`);
    assert.ok("default" in key, `${name} has no default: the CLI would stop before our checks`);
    assert.match(key.description, /^[A-Za-z0-9{"].*[.)}]$/s, name);
  }
});

test("with the defaults alone, only what must be given is missing", () => {
  const defaults = Object.fromEntries(
    Object.entries(declared).map(([name, key]) => [
      name,
      typeof key.default === "object" ? key.default : String(key.default),
    ]),
  );
  const { problems } = checkStack(defaults, () => false);
  const missing = [...new Set(problems.map((p) => p.field))].sort();
  assert.deepEqual(missing, [
    "clientsFrom",
    "domain",
    "nodes",
    "sshFrom",
    "sshPrivateKey",
    "zoneId",
  ]);
});
