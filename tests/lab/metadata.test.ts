// The metadata service as a machine sees it. Does not prove what real EC2 answers beyond the paths
// asked here.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { EC2 } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../../lab/addresses.ts";
import { CommandError } from "../../lab/shell.ts";
import { mustRun, npmRun } from "./harness.ts";
import { instances } from "./inventory.ts";
import { onMachine } from "./machines.ts";

const ec2 = new EC2({
  region: vpc.region,
  endpoint: `http://127.0.0.1:${addresses.ec2Port}`,
  credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
});
let a: { id: string; container: string };
let b: { container: string };

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
  const [first, second] = (await instances()).map(({ id }) => ({
    id,
    container: `etcd-lab-${id}`,
  }));
  assert.ok(first && second);
  [a, b] = [first, second];
});
after(async () => {
  ec2.destroy();
  await npmRun("lab", "stop");
});

/** curl on a machine: the HTTP status (000 without an answer), a line end, the body. */
async function curl(
  container: string,
  ...args: string[]
): Promise<{ status: string; text: string }> {
  const said = await onMachine(
    container,
    "curl",
    "-s",
    "--max-time",
    "3",
    "-w",
    "\n%{http_code}",
    ...args,
  ).catch((error: unknown) => {
    if (error instanceof CommandError) return error.output;
    throw error;
  });
  const lines = said.trimEnd().split("\n");
  return { status: lines.at(-1) ?? "", text: lines.slice(0, -1).join("\n") };
}
const at = (path: string) => `http://169.254.169.254/latest/${path}`;
const token = async (container: string) =>
  (
    await curl(
      container,
      "-X",
      "PUT",
      "-H",
      "X-aws-ec2-metadata-token-ttl-seconds: 60",
      at("api/token"),
    )
  ).text;
const get = async (container: string, path: string, with_: string) =>
  curl(container, "-H", `X-aws-ec2-metadata-token: ${with_}`, at(path));

test(
  "a machine learns who it is, with a token and not without, as the program's " +
    "metadataOptions say",
  async () => {
    assert.equal((await curl(a.container, at("meta-data/instance-id"))).status, "401");
    const mine = await token(a.container);
    assert.deepEqual(await get(a.container, "meta-data/instance-id", mine), {
      status: "200",
      text: a.id,
    });
    assert.equal(
      (await get(a.container, "meta-data/placement/availability-zone", mine)).text,
      "us-east-1a",
    );
    assert.equal(
      (await get(a.container, "meta-data/local-ipv4", mine)).text,
      (await onMachine(a.container, "hostname", "-I")).trim(),
    );
    assert.equal(
      (await get(a.container, "meta-data/hostname", mine)).text,
      `${(await onMachine(a.container, "hostname")).trim()}.ec2.internal`,
    );
    assert.match((await get(a.container, "user-data", mine)).text, /^#cloud-config\n/);
    assert.equal(
      (await get(b.container, "meta-data/instance-id", mine)).status,
      "401",
      "another machine's token",
    );
  },
);

test("options that change at EC2 hold at once: tokens optional, then the service off", async () => {
  await ec2.modifyInstanceMetadataOptions({ InstanceId: a.id, HttpTokens: "optional" });
  assert.deepEqual(await curl(a.container, at("meta-data/instance-id")), {
    status: "200",
    text: a.id,
  });
  await ec2.modifyInstanceMetadataOptions({ InstanceId: a.id, HttpEndpoint: "disabled" });
  assert.equal(
    (
      await curl(
        a.container,
        "-X",
        "PUT",
        "-H",
        "X-aws-ec2-metadata-token-ttl-seconds: 60",
        at("api/token"),
      )
    ).status,
    "403",
  );
  await ec2.modifyInstanceMetadataOptions({ InstanceId: a.id, HttpEndpoint: "enabled" });
  await mustRun("pulumi", "up", "--yes", "--skip-preview", "--refresh", "--non-interactive");
  assert.equal(
    (await curl(a.container, at("meta-data/instance-id"))).status,
    "401",
    "up did not ask for tokens again",
  );
  assert.equal(
    (await get(a.container, "meta-data/instance-id", await token(a.container))).text,
    a.id,
  );
});

test("answers have no hop left after the machine", async () => {
  // IP_MINTTL (21): the kernel takes only packets that have so many hops left.
  const reaches = (hops: number) =>
    onMachine(
      a.container,
      "python3",
      "-c",
      [
        "import socket",
        "s = socket.socket()",
        "s.settimeout(2)",
        `s.setsockopt(socket.IPPROTO_IP, 21, ${hops})`,
        "s.connect(('169.254.169.254', 80))",
        "s.sendall(b'GET / HTTP/1.1\\r\\nHost: 169.254.169.254\\r\\n\\r\\n')",
        "print(s.recv(12).decode())",
      ].join("\n"),
    ).catch((error: unknown) => {
      if (error instanceof CommandError) return error.output;
      throw error;
    });
  assert.match(await reaches(1), /^HTTP\/1\.[01] 401/);
  assert.match(await reaches(2), /timed out|TimeoutError/);
});
