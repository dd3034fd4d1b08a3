// Who gets into a cluster with TLS, at both ports, on every supported line of etcd, with the
// configuration that the cookbook renders; and what the health check says of a member whose
// certificate is wrong. Does not prove that the program makes right certificates; that a new CA
// needs a restart.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { etcdVersions } from "../etcdVersions.ts";
import { openBench, type Bench } from "./bench.ts";
import { makeAuthority, memberLeaf, type Leaf } from "./certificates.ts";
import type { Handshakes, Misfits } from "./handshakes.ts";
import { addressOf, stranger } from "./places.ts";

let bench: Bench;
let given: Misfits;
before(async () => {
  bench = await openBench();
  const other = await makeAuthority();
  const leaf = (name: string, change: Partial<Leaf> = {}) =>
    bench.authority.issue({ ...memberLeaf(name), ...change });
  const expired = { from: -48, to: -1 };
  const [
    otherName,
    otherAuthority,
    expiredA,
    renewed,
    withoutAddress,
    cOtherName,
    cExpired,
    cFuture,
    cOther,
  ] = await Promise.all([
    bench.authority.issue({ dns: ["other.example", "x.other.example"], addresses: [stranger] }),
    other.issue(memberLeaf("a")),
    leaf("a", expired),
    leaf("a"),
    leaf("a", { addresses: ["127.0.0.1"] }),
    leaf("c", { dns: ["other.example", "c.other.example"] }),
    leaf("c", expired),
    leaf("c", { from: 1 }),
    other.issue(memberLeaf("c")),
  ]);
  given = {
    operator: bench.pki.client,
    otherName,
    otherAuthority,
    expiredA,
    renewed,
    withoutAddress,
    ofC: {
      "another name": cOtherName,
      expired: cExpired,
      "not yet valid": cFuture,
      "another CA": cOther,
    },
  };
});

const refused: readonly (readonly [who: string, why: RegExp])[] = [
  ["plain HTTP", /^(refused: socket hang up|400 Client sent an HTTP request to an HTTPS server)/],
  ["no certificate", /^refused: .*certificate required/],
  ["another CA's certificate", /^refused: .*unknown ca/],
  ["TLS 1.1", /^refused: .*protocol version/],
];

describe("handshakes", { concurrency: true }, () => {
  for (const version of etcdVersions) {
    describe(`etcd ${version}`, () => {
      let seen: Handshakes;
      before(async () => {
        const world = await bench.world(version, true);
        try {
          seen = await world.run<Handshakes>("handshakes", given, 170_000);
        } finally {
          await world.close();
        }
      });

      for (const [who, why] of refused) {
        test(`refused at both ports: ${who}`, () => {
          for (const port of [2379, 2380])
            assert.match(seen.asked[`${who} at ${port}`] ?? "", why, String(port));
        });
      }

      test(
        "any certificate of the cluster's own CA is a client, hence a CA of its own for " +
          "each cluster",
        () => {
          assert.equal(seen.asked["the operator at 2379"], "200");
          assert.equal(seen.asked["the same CA with another name at 2379"], "200");
        },
      );

      test("a peer needs the domain among its names, and an address that is its own", () => {
        assert.match(
          seen.asked["the same CA with another name at 2380"] ?? "",
          /^refused: .*bad certificate/,
        );
        assert.match(seen.asked["the operator at 2380"] ?? "", /^refused: .*bad certificate/);
        assert.match(
          seen.asked["b's certificate from a stranger's address at 2380"] ?? "",
          /^refused: socket hang up/,
        );
        assert.equal(
          seen.withoutAllowedHostname,
          "200",
          "the same stranger should get in where allowed-hostname is missing, or the " +
            "refusal proves nothing about it",
        );
      });

      const misfits: readonly (readonly [what: string, logged: RegExp, health: RegExp])[] = [
        [
          "another name",
          /^client certificate authentication failed$/,
          /gave no answer within its deadline/,
        ],
        [
          "expired",
          /certificate has expired or is not yet valid: current time is after/,
          /its certificate expired on \d{4}-\d\d-\d\dT[\d:]+Z \(port 2380\)$/,
        ],
        [
          "not yet valid",
          /certificate has expired or is not yet valid: current time is before/,
          /its certificate is valid only from \d{4}-\d\d-\d\dT[\d:]+Z: look at the clocks \(port 2380\)$/,
        ],
        [
          "another CA",
          /certificate signed by unknown authority/,
          /its certificate is not signed by this cluster's CA \(port 2380\)$/,
        ],
      ];
      for (const [what, logged, health] of misfits) {
        test(
          `a member with a certificate that is wrong (${what}) does not get in; its peers ` +
            "log why, and health names it",
          () => {
            const found = seen.misfits[what];
            assert.equal(found?.sentence, "a b: a cluster of 3; c: no leader");
            assert.ok(
              found.logged.some((line) => logged.test(line)),
              found.logged.join("\n"),
            );
            assert.equal(found.health.length, 1, found.health.join("\n"));
            assert.match(
              found.health[0] ?? "",
              new RegExp(`^c \\(https://${addressOf("c")}:2379\\): `),
            );
            assert.match(found.health[0] ?? "", health);
          },
        );
      }

      test("new leaf files are used for the next connection, without a restart", () => {
        assert.ok(
          seen.healedWithoutRestart,
          "c should have come back in the same process once its files were right",
        );
        const [client, peer] = seen.renewal.after;
        assert.deepEqual(
          [client === peer, seen.renewal.before.includes(client ?? ""), seen.renewal.sameProcess],
          [true, false, true],
          JSON.stringify(seen.renewal),
        );
      });

      test("a certificate that expires under a running member is named", () => {
        assert.equal(seen.served.length, 1, seen.served.join("\n"));
        assert.match(seen.served[0] ?? "", /^a \(.*its certificate expired on .* \(port 2379\)$/);
      });

      test("peers need no DNS to check one another when the certificate holds the address", () => {
        assert.deepEqual(seen.dnsDown.withAddress, []);
        assert.equal(seen.dnsDown.without.sentence, "a: no leader; b c: a cluster of 3");
        assert.ok(
          seen.dnsDown.without.logged.some((line) =>
            /"10\.88\.0\.11" does not match any of DNSNames/.test(line),
          ),
          seen.dnsDown.without.logged.join("\n"),
        );
      });
    });
  }
});
