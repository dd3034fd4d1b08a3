// Which namespaces are refused where the project bears another name. Does not prove what the CLI
// hands over; stackConfig.test.ts has the names of the project as it is.
import assert from "node:assert/strict";
import test from "node:test";
import { namespaceProblems } from "../../components/settings/namespaces.ts";

test("in a project with another name, settings stand under that one", () => {
  const given = [
    "prod-etcd:ttl",
    "etcd:ttl",
    "etcd:other",
    "prod_etcd:ttl",
    "Prod-Etcd:x",
    "prod:ttl",
  ];
  const found = namespaceProblems(
    Object.fromEntries(given.map((name) => [name, "300"])),
    "prod-etcd",
    (key) => key === "ttl",
  );
  assert.deepEqual(
    found.map(({ field }) => field),
    ["etcd:ttl", "prod_etcd:ttl", "Prod-Etcd:x"],
  );
  assert.match(found[0]!.rule, /the project's name is prod-etcd; .* config set prod-etcd:ttl …/);
});
