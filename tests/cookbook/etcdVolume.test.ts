// When etcd-volume formats a disk and when it leaves it alone, on loop devices. Does not prove
// mounting, nor how EBS names devices: tests/lab does the first.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { filesFolder } from "./files.ts";

const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-volume-"));
const devices: string[] = [];
after(async () => {
  for (const device of devices) spawnSync("losetup", ["--detach", device]);
  await fs.rm(folder, { recursive: true });
});

// The program with its two fixed places moved below the test's folder.
const program = path.join(folder, "etcd-volume");
const begun = path.join(folder, "formatting");
await fs.writeFile(
  program,
  (await fs.readFile(path.join(filesFolder, "etcd-volume"), "utf8"))
    .replace("=/var/lib/etcd\n", `=${folder}/data\n`)
    .replace("=/var/lib/etcd-node/formatting\n", `=${begun}\n`),
  { mode: 0o755 },
);

const volume = (...args: string[]) =>
  spawnSync(program, args, { encoding: "utf8", timeout: 60_000 });
const label = (device: string) =>
  spawnSync("blkid", ["--probe", "--output", "value", "--match-tag", "LABEL", device], {
    encoding: "utf8",
  }).stdout.trim();
let count = 0;

/** A loop device over a sparse file, after `write` had its way with the file. */
async function disk(
  write: (file: string) => Promise<unknown> | unknown = () => undefined,
): Promise<string> {
  const file = path.join(folder, `disk${++count}`);
  await (await fs.open(file, "w")).close();
  await fs.truncate(file, 64 * 1024 * 1024);
  await write(file);
  const attached = spawnSync("losetup", ["--find", "--show", file], { encoding: "utf8" });
  assert.equal(attached.status, 0, attached.stderr);
  devices.push(attached.stdout.trim());
  return attached.stdout.trim();
}

async function writeAt(file: string, position: number, bytes: Buffer): Promise<void> {
  const handle = await fs.open(file, "r+");
  await handle.write(bytes, 0, bytes.length, position);
  await handle.close();
}

const canLoop = process.getuid?.() === 0 && spawnSync("losetup", ["--find"]).status === 0;
const options = { skip: canLoop ? false : "loop devices need root on this machine" };

test("a blank disk is formatted once", options, async () => {
  const device = await disk();
  const first = volume("prepare", device, "1");
  assert.equal(first.status, 0, first.stderr);
  assert.equal(label(device), "etcd-data");
  const uuid = spawnSync("blkid", ["--probe", device], { encoding: "utf8" }).stdout;
  assert.deepEqual(
    [
      volume("prepare", device, "1").status,
      spawnSync("blkid", ["--probe", device], { encoding: "utf8" }).stdout,
    ],
    [0, uuid],
  );
});

const foreign: [
  name: string,
  write: (file: string) => Promise<unknown> | unknown,
  message: RegExp,
][] = [
  [
    "a file system of somebody else",
    (file) => spawnSync("mkfs.ext4", ["-q", "-L", "photos", file]),
    /is not blank, so it was left alone: LABEL=photos UUID=\S+ TYPE=ext4 was found/,
  ],
  [
    "our label on another file system",
    (file) => spawnSync("mkfs.ext2", ["-q", "-L", "etcd-data", file]),
    /LABEL=etcd-data UUID=\S+ TYPE=ext2 was found/,
  ],
  [
    "a partition table",
    async (file) => {
      const entry = Buffer.from([0, 0, 2, 0, 0x83, 0, 0, 0, 0, 8, 0, 0, 0, 0, 1, 0]);
      await writeAt(file, 446, entry);
      await writeAt(file, 510, Buffer.from([0x55, 0xaa]));
    },
    /PTTYPE=dos was found/,
  ],
  [
    "data without a signature",
    (file) => writeAt(file, 700_000, Buffer.from("somebody's data")),
    /carries no signature, but its first MiB is not empty/,
  ],
];
for (const [name, write, message] of foreign) {
  test(`${name}: left alone, and named`, options, async () => {
    const device = await disk(write);
    const before = await fs.readFile(path.join(folder, `disk${count}`));
    const run = volume("prepare", device, "1");
    assert.equal(run.status, 1);
    assert.match(run.stderr, message);
    assert.ok(
      before.equals(await fs.readFile(path.join(folder, `disk${count}`))),
      "the disk was changed",
    );
  });
}

test("a format that was cut short is begun again, on the same disk only", options, async () => {
  const half = (file: string) => writeAt(file, 700_000, Buffer.from("half of a file system"));
  const cut = await disk(half);
  const other = await disk(half);
  await fs.writeFile(begun, `${cut}\n`);
  assert.equal(volume("prepare", other, "1").status, 1);
  const run = volume("prepare", cut, "1");
  assert.equal(run.status, 0, run.stderr);
  assert.equal(label(cut), "etcd-data");
  await assert.rejects(fs.stat(begun), { code: "ENOENT" });
});

test("a volume that is not attached: the wait ends, and names it", () => {
  const run = volume("prepare", path.join(folder, "nvme-none"), "1");
  assert.equal(run.status, 1);
  assert.match(run.stdout, /^waiting for .*nvme-none, 0 of 1 s$/m);
  assert.match(
    run.stderr,
    /nvme-none is not there after 1 s\. Is the volume attached to this machine\?/,
  );
});
