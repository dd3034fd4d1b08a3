// Pulumi.yaml and the code name the same settings, with the same defaults. Does not prove that
// descriptions are true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { parse } from "yaml";
import { readSettings } from "../../components/settings/settings.ts";
import { settingNames } from "../../components/settings/stackConfig.ts";

interface Key {
  type?: string;
  default: unknown;
  description: string;
}
const declared = (parse(readFileSync("Pulumi.yaml", "utf8")) as { config: Record<string, Key> })
  .config;

test("every setting the program reads is declared, and the other way round", () => {
  assert.deepEqual(Object.keys(declared).sort(), [...settingNames].sort());
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
  const missing = [...new Set(readSettings(defaults).problems.map((p) => p.field))].sort();
  assert.deepEqual(missing, ["clientsFrom", "domain", "nodes", "sshFrom", "zoneId"]);
});
