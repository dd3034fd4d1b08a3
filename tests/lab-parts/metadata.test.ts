// EC2's instance metadata, versions 1 and 2, without a network. Does not prove how machines reach
// it: tests/lab/metadata.test.ts does.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { MetadataService } from "../../lab/ec2/metadataService.ts";
import type { Described } from "../../lab/ec2/metadataTree.ts";

const instance: Described = {
  instanceId: "i-1",
  address: "10.213.0.4",
  zone: "us-east-1a",
  imageId: "ami-1",
  instanceType: "t3.medium",
  architecture: "x86_64",
  accountId: "123456789012",
  mac: "0a:58:0a:d5:00:04",
  launchTime: "2026-01-01T00:00:00.000Z",
  securityGroups: ["etcd-members"],
  key: { name: "admin", publicKey: "ssh-ed25519 AAAA" },
  userData: Buffer.from("#cloud-config\n"),
  tags: { Name: "a.etcd.test" },
  options: { endpoint: "enabled", tokens: "required", tags: "disabled" },
};
const other: Described = { ...instance, instanceId: "i-2", address: "10.213.0.5" };
let now: number;
let instances: Described[];
let service: MetadataService;
beforeEach(() => {
  now = 1_000_000;
  instances = [instance, other];
  service = new MetadataService(
    async (address) => instances.find((one) => one.address === address),
    () => now,
  );
});

const ask = async (
  method: string,
  path: string,
  headers: Record<string, string> = {},
  source = instance.address,
) => {
  const response = await service.answer(
    new Request(`http://169.254.169.254${path}`, { method, headers }),
    source,
  );
  return { status: response.status, text: await response.text() };
};
const tokenFor = async (seconds = 60, source = instance.address) =>
  (
    await ask(
      "PUT",
      "/latest/api/token",
      { "X-aws-ec2-metadata-token-ttl-seconds": String(seconds) },
      source,
    )
  ).text;
const get = async (path: string, token: string, source?: string) =>
  ask("GET", path, { "X-aws-ec2-metadata-token": token }, source);
const options = (changed: Partial<Described["options"]>) => {
  instances = [{ ...instance, options: { ...instance.options, ...changed } }];
};

test("what a token opens", async () => {
  const token = await tokenFor();
  for (const [path, text] of [
    ["instance-id", "i-1"],
    ["local-ipv4", "10.213.0.4"],
    ["placement/availability-zone", "us-east-1a"],
    ["placement/region", "us-east-1"],
    ["hostname", "ip-10-213-0-4.ec2.internal"],
    ["public-keys/", "0=admin"],
    ["public-keys/0/openssh-key", "ssh-ed25519 AAAA"],
    ["placement/", "availability-zone\nregion"],
    ["network/interfaces/macs/0a:58:0a:d5:00:04/local-ipv4s", "10.213.0.4"],
  ])
    assert.deepEqual(await get(`/latest/meta-data/${path}`, token), { status: 200, text }, path);
  assert.deepEqual(await get("/latest/user-data", token), { status: 200, text: "#cloud-config\n" });
  assert.equal((await get("/2021-01-03/meta-data/instance-id", token)).text, "i-1");
  assert.match(
    (await get("/latest/meta-data/", token)).text,
    /^ami-id\n[^]*^placement\/$[^]*^services\/$/m,
  );
  assert.equal(
    (
      JSON.parse((await get("/latest/dynamic/instance-identity/document", token)).text) as {
        privateIp: string;
      }
    ).privateIp,
    "10.213.0.4",
  );
});

test("nothing without a token, with a foreign one, a made-up one, or an old one", async () => {
  const token = await tokenFor(60);
  assert.equal((await ask("GET", "/latest/meta-data/instance-id")).status, 401);
  assert.equal((await get("/latest/meta-data/instance-id", "made-up")).status, 401);
  assert.equal((await get("/latest/meta-data/instance-id", token, other.address)).status, 401);
  now += 59_999;
  assert.equal((await get("/latest/meta-data/instance-id", token)).status, 200);
  now += 1;
  assert.equal((await get("/latest/meta-data/instance-id", token)).status, 401);
});

test("a token wants PUT and a time from 1 s to 6 h, and none goes through a proxy", async () => {
  for (const ttl of ["", "0", "21601", "soon", "-1", "1.5"])
    assert.equal(
      (
        await ask(
          "PUT",
          "/latest/api/token",
          ttl ? { "X-aws-ec2-metadata-token-ttl-seconds": ttl } : {},
        )
      ).status,
      400,
      ttl,
    );
  for (const ttl of ["1", "21600"])
    assert.equal(
      (await ask("PUT", "/latest/api/token", { "X-aws-ec2-metadata-token-ttl-seconds": ttl }))
        .status,
      200,
      ttl,
    );
  assert.equal(
    (
      await ask("PUT", "/latest/api/token", {
        "X-aws-ec2-metadata-token-ttl-seconds": "60",
        "X-Forwarded-For": "10.0.0.1",
      })
    ).status,
    403,
  );
  assert.equal((await ask("GET", "/latest/api/token")).status, 405);
  assert.equal((await ask("POST", "/latest/meta-data/instance-id")).status, 405);
});

test("where tokens are optional version 1 works, and a wrong token still does not", async () => {
  options({ tokens: "optional" });
  assert.equal((await ask("GET", "/latest/meta-data/instance-id")).text, "i-1");
  assert.equal((await get("/latest/meta-data/instance-id", "made-up")).status, 401);
});

test(
  "switched off, it refuses everything; tags only where they are switched on; no user " +
    "data is nothing",
  async () => {
    const token = await tokenFor();
    assert.equal((await get("/latest/meta-data/tags/instance/Name", token)).status, 404);
    options({ tags: "enabled" });
    assert.equal((await get("/latest/meta-data/tags/instance/Name", token)).text, "a.etcd.test");
    instances = [{ ...instance, userData: new Uint8Array() }];
    assert.equal((await get("/latest/user-data", token)).status, 404);
    options({ endpoint: "disabled" });
    assert.equal((await get("/latest/meta-data/instance-id", token)).status, 403);
  },
);

test("who is no instance gets nothing", async () => {
  assert.equal(
    (await ask("GET", "/latest/meta-data/instance-id", {}, "10.213.240.20")).status,
    404,
  );
  const token = await tokenFor();
  assert.equal((await get("/latest/meta-data/no-such-thing", token)).status, 404);
  assert.equal((await get("/latest/meta-data/instance-id/below", token)).status, 404);
});
