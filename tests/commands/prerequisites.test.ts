// What `npm run up` says on a host that cannot run the lab: one line with the remedy, before
// anything is started. Each case runs in network and mount namespaces of its own, with an empty
// /run, .lab and container storage. Does not prove that the lab works where nothing is said.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import test, { after } from "node:test";
import { labDir, projectDir } from "../../lab/paths.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "etcd-host-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A host of its own; the control groups stay, because podman looks at them. */
const isolate = `set -e
mount -t tmpfs tmpfs /mnt; mkdir /mnt/cgroup; mount --rbind /sys/fs/cgroup /mnt/cgroup
mount -t sysfs sysfs /sys; mount --rbind /mnt/cgroup /sys/fs/cgroup
mount -t tmpfs tmpfs /run; mkdir /run/netns; mkdir -p ${labDir}; mount -t tmpfs tmpfs ${labDir}
mount -t tmpfs tmpfs /dev/shm
mkdir -p /var/lib/containers; mount -t tmpfs -o size=20g tmpfs /var/lib/containers
ip link set lo up`;
const up = `${process.execPath} ${projectDir}/commands/run.mjs up`;
const here = spawnSync(
  "unshare",
  ["--net", "--mount", "--propagation", "private", "sh", "-c", isolate],
  { encoding: "utf8", timeout: 20_000 },
);
const skip =
  here.status === 0 && spawnSync("podman", ["--version"]).status === 0
    ? false
    : "needs root, unshare and podman";

const cases: [host: string, prepare: string, says: RegExp][] = [
  [
    "without podman and apt-get",
    "for tool in podman apt-get; do mount --bind /dev/null $(command -v $tool); done",
    /^up: the lab needs podman; install .*: dnf install podman \(or your distribution's equivalent\), then run the command again$/,
  ],
  [
    "without loop devices",
    "mount -t tmpfs tmpfs /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/urandom c 1 9",
    /^up: .*no \/dev\/loop-control.*modprobe loop$/,
  ],
  [
    "whose root lacks privileges",
    "export wrap='setpriv --bounding-set -sys_admin --inh-caps -sys_admin'",
    /^up: .*root lacks CAP_SYS_ADMIN here.*virtual machine/,
  ],
  [
    "with another program on a port",
    'exec 3<&0; node -e \'require("net").createServer().listen(14567, "127.0.0.1", () ' +
      "=> console.log(1)); setTimeout(() => process.exit(), 30000)' > /mnt/said & until " +
      "[ -s /mnt/said ]; do sleep 0.05; done",
    /^up: port 14567 on 127\.0\.0\.1 is taken, and the Cloudflare emulator needs it; see who has it with: ss -ltnp/,
  ],
  [
    "with a route to the lab's network",
    "ip link add vpn0 type veth peer name vpn1; ip addr add 10.213.7.1/24 dev vpn0; ip " +
      "link set vpn0 up",
    /^up: LAB_CIDR: 10\.213\.0\.0\/16 overlaps this host's route 10\.213\.7\.0\/24 dev vpn0; run again with LAB_CIDR=10\.214\.0\.0\/16, which is free here\.$/,
  ],
  [
    "with little room for the cache",
    "mkdir /mnt/cache; mount -t tmpfs -o size=900m tmpfs /mnt/cache; export " +
      "XDG_CACHE_HOME=/mnt/cache",
    /^up: too little disk for the cache \(\/mnt\/cache\/etcd-lab; XDG_CACHE_HOME moves it\): 0\.9 GiB free, 5\.0 GiB needed for the first run; free some/,
  ],
  [
    "with little memory",
    "sed 's/^MemAvailable:.*/MemAvailable: 800000 kB/' /proc/meminfo > /mnt/meminfo; " +
      "mount --bind /mnt/meminfo /proc/meminfo",
    /^up: too little memory: 0\.8 GiB available, 2\.0 GiB needed for three machines and the services; end something/,
  ],
];

for (const [host, prepare, says] of cases) {
  test(`a host ${host}`, { skip }, () => {
    const script =
      `${isolate}\n${prepare}\n$wrap ${up} || code=$?\nip -o link | grep -v ' ` +
      `\\(lo\\|vpn.*\\): ' || true\nls ${labDir}\nexit $code`;
    const { status, stdout, stderr } = spawnSync(
      "unshare",
      [
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--propagation",
        "private",
        "bash",
        "-c",
        script,
      ],
      { encoding: "utf8", timeout: 60_000 },
    );
    assert.equal(status, 1, stdout + stderr);
    assert.match(stderr.trimEnd(), says);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.match(
      stdout,
      /^ +0\.0 s {2}lab +starting, or finding it running\n$/,
      "something was started or written",
    );
  });
}

test("another system is refused by the way in, whatever Node it has", () => {
  const script =
    "Object.defineProperty(process, 'platform', { value: 'darwin' }); " +
    "process.argv.splice(1, 0, 'run.mjs'); import(process.argv[2])";
  const { status, stderr } = spawnSync(
    process.execPath,
    ["-e", script, path.join(projectDir, "commands/run.mjs")],
    { encoding: "utf8" },
  );
  assert.equal(status, 2);
  assert.match(
    stderr,
    /^.*: the lab runs on Linux on x64 or arm64 \(this is darwin on \w+\); a virtual machine will do\. Without a lab there are status, etcdctl, ssh, sweep, for your own stacks: -- --stack NAME\n$/,
  );
});

test(
  "a user without root and without sudo is told so",
  { skip: process.getuid?.() !== 0 && "needs root, to become somebody else" },
  () => {
    const script =
      `${isolate}\nfor tool in sudo; do mount --bind /dev/null $(command -v $tool) 2>&- ` +
      `|| true; done\nXDG_CACHE_HOME=${folder} setpriv --reuid 65534 --regid 65534 ` +
      `--clear-groups ${up}`;
    const { status, stderr } = spawnSync(
      "unshare",
      ["--net", "--mount", "--propagation", "private", "sh", "-c", script],
      { encoding: "utf8", timeout: 30_000 },
    );
    assert.equal(status, 1, stderr);
    assert.equal(
      stderr,
      "up: the lab needs root for network namespaces, loop devices and podman; run the " +
        "command as root, or install sudo\n",
    );
  },
);
