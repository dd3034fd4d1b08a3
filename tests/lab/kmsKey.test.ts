// A KMS key for all disks, in the lab. Does not prove what KMS permits: the emulator encrypts
// nothing.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { EC2 } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../../lab/addresses.ts";
import { mustRun, npmRun, pulumiWith } from "./harness.ts";

const key = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const other = key.replace("1234abcd", "5678abcd");
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await npmRun("lab", "stop");
});

async function keys(): Promise<(string | undefined)[]> {
  const ec2 = new EC2({
    region: vpc.region,
    endpoint: `http://127.0.0.1:${addresses.ec2Port}`,
    credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
  });
  try {
    return ((await ec2.describeVolumes({})).Volumes ?? []).map((volume) =>
      volume.Encrypted ? volume.KmsKeyId : "not encrypted",
    );
  } finally {
    ec2.destroy();
  }
}

test(
  "root and data volumes are made with the key; it stays, and another is refused before " +
    "anything is touched",
  async () => {
    const up = await pulumiWith({ "etcd:kmsKeyId": key }, "up", "--yes", "--skip-preview");
    assert.equal(up.code, 0, up.text);
    assert.deepEqual(await keys(), Array<string>(6).fill(key));
    const again = await pulumiWith(
      { "etcd:kmsKeyId": key },
      "preview",
      "--refresh",
      "--expect-no-changes",
    );
    assert.equal(again.code, 0, again.text);
    for (const change of [other, ""]) {
      const refused = await pulumiWith(
        { "etcd:kmsKeyId": change },
        "up",
        "--yes",
        "--skip-preview",
      );
      assert.notEqual(refused.code, 0);
      assert.match(refused.text, /kmsKeyId: a disk keeps the key it was made with/);
    }
    assert.deepEqual(await keys(), Array<string>(6).fill(key));
  },
);
