// etcd's unit on machines, with real etcd of three versions: what its sandbox does, that an empty
// data directory does not start, and that the node's programs join and retire it. Does not prove
// what a container cannot enforce: LimitNOFILE above the host's own, and PrivateDevices' device
// list in the cgroup (the empty /dev is seen). Root on the machines has SYS_ADMIN and SYS_PTRACE,
// or systemd would leave directives out without a word: hence the probe.
import assert from "node:assert/strict";
import * as path from "node:path";
import test, { after, before, describe } from "node:test";
import { podman } from "../../lab/podman.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { control, destroyStack, eventually, mustRun, npmRun, upWith } from "./harness.ts";
import { instances } from "./inventory.ts";
import { onMachine } from "./machines.ts";
import { join, look, retire } from "./nodePrograms.ts";

interface Seen {
  status: Record<string, string>;
  userNamespace: string[][];
  umask: string;
  readOnly: Record<string, boolean>;
  home: string[] | string;
  tmp: string[];
  devices: string[];
  usersSeen: number[];
  data: string;
  sockets: Record<string, string>;
  calls: Record<string, string>;
}

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await npmRun("lab", "stop");
});

const machineOf = async (node: string) =>
  `etcd-lab-${(await instances()).find((instance) => instance.node === node)?.id}`;
const state = async (machine: string) =>
  (
    await onMachine(machine, "systemctl", "show", "--property", "ActiveState", "--value", "etcd")
  ).trim();
const journal = (machine: string) =>
  onMachine(machine, "journalctl", "--unit", "etcd", "--boot", "--output", "cat", "--no-pager");

/** etcdctl on a machine, through its own member only. */
function ctl(machine: string, ...args: string[]): Promise<string> {
  const pki =
    "--cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/member.crt --key /etc/etcd/pki/member.key";
  return onMachine(
    machine,
    "sh",
    "-c",
    "test -e /etc/etcd/pki/member.crt && set -- --endpoints https://127.0.0.1:2379 " +
      `${pki} "$@"; exec etcdctl "$@"`,
    "etcdctl",
    ...args,
  );
}

/** Runs the probe under the text of a unit, with its Exec lines taken out. */
async function probe(machine: string, unit: string): Promise<Seen> {
  await podman([
    "cp",
    path.join(import.meta.dirname, "sandboxProbe.py"),
    `${machine}:/run/sandboxProbe.py`,
  ]);
  await onMachine(
    machine,
    "sh",
    "-c",
    `printf %s "$1" | sed -e '/^Exec/d' -e 's/^Type=.*/Type=oneshot/' \\
      -e 's/^Restart=.*/Restart=no/' \\
      -e '/^\\[Service\\]/a StandardOutput=truncate:/run/sandboxProbe.json' \\
      -e '/^\\[Service\\]/a ExecStart=/usr/bin/python3 -B /run/sandboxProbe.py' \\
      > /run/systemd/system/sandbox-probe.service
    chmod 644 /run/sandboxProbe.py && systemctl daemon-reload && systemctl start sandbox-probe`,
    "sh",
    unit,
  );
  return JSON.parse(await onMachine(machine, "cat", "/run/sandboxProbe.json")) as Seen;
}

for (const version of etcdVersions) {
  describe(`etcd ${version}`, () => {
    let machine = "";
    before(async () => {
      await ensureEtcd(version, () => undefined);
      const { code, text } = await upWith({ "etcd:etcdVersion": version });
      assert.equal(code, 0, text);
      machine = await machineOf("a");
      assert.match(
        await onMachine(machine, "/opt/etcd/etcd", "--version"),
        new RegExp(`^etcd Version: ${version}$`, "m"),
      );
    });
    after(async () => {
      await destroyStack();
      await eventually(
        "the machines to go",
        30_000,
        async () =>
          (await podman(["ps", "--all", "--quiet", "--filter", "label=etcd-lab-machine"])) === "",
      ); // one that is being stopped too
      // the members still ran, and asked, when the names had gone
      await control("POST", "/resolver/flush");
    });

    if (version === "3.6.14") {
      test("systemd-analyze finds the unit's exposure 1.5 or less", async () => {
        const report = await onMachine(
          machine,
          "systemd-analyze",
          "security",
          "etcd.service",
          "--no-pager",
        );
        assert.ok(
          Number(/exposure level for etcd\.service: ([\d.]+)/.exec(report)?.[1] ?? NaN) <= 1.5,
          report,
        );
      });

      test(
        "in the sandbox a process sees and may do only what etcd needs; outside of it the " +
          "same probe sees and may do the rest",
        async () => {
          await onMachine(machine, "touch", "/tmp/of-somebody-else");
          const unit = await onMachine(machine, "cat", "/etc/systemd/system/etcd.service");
          const inside = await probe(machine, unit);
          const outside = await probe(machine, "[Service]\nUser=etcd\nGroup=etcd\n");
          const uid = Number((await onMachine(machine, "id", "--user", "etcd")).trim());

          assert.equal(outside.status.NoNewPrivs, "0");
          assert.notEqual(Number.parseInt(outside.status.CapBnd ?? "", 16), 0);
          // The container has filters of its own.
          assert.ok(
            Number(inside.status.Seccomp_filters) > Number(outside.status.Seccomp_filters),
            JSON.stringify([inside.status, outside.status]),
          );
          for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"])
            assert.equal(Number.parseInt(inside.status[set] ?? "", 16), 0, set);
          assert.deepEqual([inside.status.NoNewPrivs, inside.status.Seccomp], ["1", "2"]);
          assert.deepEqual(
            [inside.userNamespace, outside.userNamespace],
            [
              [
                ["0", "0", "1"],
                [`${uid}`, `${uid}`, "1"],
              ],
              [["0", "0", "4294967295"]],
            ],
          );
          assert.deepEqual([inside.umask, outside.umask], ["0o77", "0o22"]);

          const paths = Object.keys(inside.readOnly);
          assert.deepEqual(
            paths.filter((each) => !inside.readOnly[each]),
            ["/var/lib/etcd/data"],
          );
          assert.deepEqual(
            paths.filter((each) => outside.readOnly[each]),
            [],
          );
          assert.deepEqual([inside.data, outside.data], ["allowed", "allowed"]);
          assert.deepEqual([inside.home, outside.home], ["EACCES", ["admin"]]);
          assert.ok(outside.tmp.includes("of-somebody-else"), String(outside.tmp));
          assert.deepEqual(inside.tmp, []);
          assert.deepEqual(inside.devices, []);
          assert.ok(outside.devices.includes("/dev/nvme1n1"), String(outside.devices));
          // Root, who is the other user that the namespace knows, is hidden too.
          assert.deepEqual(inside.usersSeen, [uid]);
          assert.ok(outside.usersSeen.includes(0), String(outside.usersSeen));

          assert.deepEqual(inside.sockets, {
            AF_INET: "allowed",
            AF_UNIX: "allowed",
            AF_NETLINK: "EAFNOSUPPORT",
          });
          assert.deepEqual(outside.sockets, {
            AF_INET: "allowed",
            AF_UNIX: "allowed",
            AF_NETLINK: "allowed",
          });
          const refused = (seen: Seen) =>
            Object.entries(seen.calls)
              .filter(([, result]) => result !== "allowed")
              .map(([name]) => name);
          assert.deepEqual(refused(inside), Object.keys(inside.calls));
          assert.deepEqual(refused(outside), []);
        },
      );
    }

    if (version === "3.6.14") {
      test(
        "a leader that is stopped while clients watch lets them finish, hands over, and " +
          "ends in order",
        async () => {
          const leads = async (node: string) => {
            const [, id, leader] =
              /"MemberID" : (\d+)[^]*"Leader" : (\d+)/.exec(
                await ctl(await machineOf(node), "endpoint", "status", "--write-out", "fields"),
              ) ?? [];
            return id === leader;
          };
          const leader = await machineOf((await leads("a")) ? "a" : (await leads("b")) ? "b" : "c");
          // ends when it is ended below
          void ctl(leader, "watch", "--prefix", "k").catch(() => undefined);
          await eventually("the watch", 10_000, async () =>
            /_watcher_total 1$/m.test(
              await onMachine(
                leader,
                "sh",
                "-c",
                "curl -s --cacert /etc/etcd/pki/ca.crt --cert /etc/etcd/pki/member.crt " +
                  "--key /etc/etcd/pki/member.key https://127.0.0.1:2379/metrics",
              ),
            ),
          );
          await onMachine(leader, "systemctl", "stop", "etcd");
          await onMachine(leader, "pkill", "--exact", "etcdctl");
          assert.equal(
            (
              await onMachine(
                leader,
                "systemctl",
                "show",
                "--property",
                "Result",
                "--value",
                "etcd",
              )
            ).trim(),
            "success",
          );
          assert.match(await journal(leader), /"leadership transfer finished"/);
          await onMachine(leader, "systemctl", "start", "etcd");
        },
      );
    }

    test(
      "the running etcd is in that sandbox, and never asks for what is filtered out: it " +
        "works when such a call ends it",
      async () => {
        const dropIn =
          "mkdir -p /run/systemd/system/etcd.service.d && printf " +
          "'[Service]\\nSystemCallErrorNumber=kill\\n' > " +
          "/run/systemd/system/etcd.service.d/kill.conf && systemctl daemon-reload && " +
          "systemctl restart etcd";
        await onMachine(machine, "sh", "-c", dropIn);
        const pid = (
          await onMachine(machine, "systemctl", "show", "--property", "MainPID", "--value", "etcd")
        ).trim();
        const status = await onMachine(machine, "cat", `/proc/${pid}/status`);
        for (const line of [
          /^NoNewPrivs:\t1$/m,
          /^Seccomp:\t2$/m,
          /^CapBnd:\t0+$/m,
          /^CapEff:\t0+$/m,
        ])
          assert.match(status, line);
        assert.match(
          await onMachine(machine, "cat", `/proc/${pid}/mountinfo`),
          /^\d+ \d+ \S+ \/ \/ ro,/m,
        );

        await ctl(machine, "put", "k", "v");
        const [lease = ""] =
          (await ctl(machine, "lease", "grant", "60")).match(/(?<=lease )[0-9a-f]+/) ?? [];
        await ctl(machine, "put", "leased", "v", "--lease", lease);
        await ctl(machine, "snapshot", "save", "/root/etcd.db");
        await ctl(machine, "compact", "2");
        await ctl(machine, "defrag");
        await ctl(machine, "endpoint", "health");
        assert.equal(
          (
            await onMachine(
              machine,
              "systemctl",
              "show",
              "--property",
              "MainPID",
              "--value",
              "etcd",
            )
          ).trim(),
          pid,
          "etcd was ended",
        );
        // a call that is filtered at the end would show as a failed unit
        await onMachine(machine, "systemctl", "stop", "etcd");
        assert.equal(await state(machine), "inactive");
        await onMachine(
          machine,
          "sh",
          "-c",
          "rm -r /run/systemd/system/etcd.service.d && systemctl daemon-reload && " +
            "systemctl start etcd",
        );
      },
    );

    test(
      "a member whose data directory is empty, or gone, does not start, and says what to do; " +
        "also when restarted and after a reboot",
      async () => {
        const c = await machineOf("c");
        await onMachine(
          c,
          "sh",
          "-c",
          'systemctl stop etcd && rm -rf /var/lib/etcd/data/member && test -z "$(ls -A ' +
            '/var/lib/etcd/data)"',
        );
        const refused = async (how: string) => {
          await eventually(`the refusal ${how}`, 30_000, () =>
            journal(c).then(
              (said) => said.includes("holds no member now"),
              () => false,
            ),
          );
          const said = await journal(c);
          assert.match(
            said,
            /^node c was a member of etcd\.test since \S+, and \/var\/lib\/etcd\/data holds no member now\..*so etcd was not started\.$/m,
          );
          assert.match(
            said,
            /^ +Bring the old volume back\. If it is lost, this member is removed from the cluster and a new one is added: `pulumi up --refresh` does both;/m,
          );
          assert.notEqual(await state(c), "active");
          assert.equal(
            await onMachine(c, "find", "/var/lib/etcd/", "-path", "*/data*"),
            how === "without the directory" ? "" : "/var/lib/etcd/data\n",
            "something was made on the disk",
          );
        };
        const clear = () =>
          onMachine(
            c,
            "sh",
            "-c",
            "journalctl --rotate --quiet && journalctl --vacuum-time=1ms --quiet",
          );

        await clear();
        await onMachine(c, "systemctl", "start", "--no-block", "etcd");
        await refused("at the start");
        await clear();
        await onMachine(c, "systemctl", "restart", "--no-block", "etcd");
        await refused("at the restart");
        const born = () => onMachine(c, "cut", "-d ", "-f22", "/proc/1/stat");
        const boot = await born();
        // the connection ends with the machine
        await onMachine(c, "systemctl", "reboot").catch(() => undefined);
        await eventually("the machine to be up again", 60_000, () =>
          born().then(
            (now) => now !== boot,
            () => false,
          ),
        );
        await refused("after the reboot");

        // E8: systemd's own refusal would come before the preflight's, and say nothing of a disk
        await onMachine(c, "sh", "-c", "systemctl stop etcd && rmdir /var/lib/etcd/data");
        await clear();
        await onMachine(c, "systemctl", "start", "--no-block", "etcd");
        await refused("without the directory");
        assert.doesNotMatch(await journal(c), /NAMESPACE/);
        const own = "install --directory --owner etcd --group etcd --mode 0700";
        await onMachine(c, "sh", "-c", `${own} /var/lib/etcd/data`);

        // The two others go on, and nobody counts this as healthy.
        await ctl(machine, "put", "still", "here");
        await onMachine(
          c,
          "sh",
          "-c",
          // not to the last byte: the file's own blocks need room
          "cd /var/lib/etcd && fallocate --length " +
            "$(($(df --output=avail -B1 . | tail -n 1) - 8388608)) full",
        );
        const { text } = await npmRun("status");
        await onMachine(c, "rm", "/var/lib/etcd/full");
        assert.match(text, /^c .* no /m);
        // E9: what the machine says, and how to ask it for more
        assert.match(
          text,
          /^ {2}The machine of c says:\n {4}etcd\.service is \w+ \(enabled\), started \d+ times again\n {4}its disk at \/var\/lib\/etcd is (100|9\d)% full\n {4}node c was a member of etcd\.test since/m,
        );
        assert.match(text, /^ {2}More of c's own words: npm run ssh -- c sudo journalctl/m);

        const seen = await look(c);
        assert.deepEqual([seen.disk, seen.enabled, seen.memberId], ["empty", true, null]);
        assert.match(seen.words[0] ?? "", /^node c was a member of etcd\.test since/);
        assert.ok(seen.marker);
      },
    );

    if (version === "3.6.14")
      test("another member of its name joins in its place, by the node's programs", async () => {
        const c = await machineOf("c");
        const url = "https://c.etcd.test:2380";
        const listed = (await ctl(machine, "member", "list"))
          .split("\n")
          .find((line) => line.includes(url));
        await ctl(machine, "member", "remove", listed?.split(",")[0] ?? "");
        // E10: what to type for a member that was removed by hand
        assert.match(
          (await npmRun("status")).text,
          /^ {2}c is no member any more\. .*: npm run pulumi -- config set etcd:rejoin c, then /m,
        );
        const added = await ctl(machine, "member", "add", "c", "--learner", `--peer-urls=${url}`);
        const id = /^Member +(\w+) added/.exec(added)?.[1] ?? assert.fail(added);
        const to = {
          machine: c,
          instanceId: c.replace(/^etcd-lab-/, ""),
          members: ["a", "b", "c"],
          domain: "etcd.test",
        };
        const did = await join(to, id);
        assert.equal(did[0], "stopped etcd, which was activating without a member");
        assert.deepEqual(did.slice(-2), ["put the ticket in place", "started etcd"]);
        await eventually("it to run", 30_000, async () => (await state(c)) === "active");
        await eventually("its promotion", 30_000, () =>
          ctl(machine, "member", "promote", id).then(
            () => true,
            () => false,
          ),
        );
        assert.deepEqual(await join(to, id), []);
        const joined = await look(c);
        assert.deepEqual([joined.disk, joined.memberId, joined.words], ["member", id, []]);
        assert.match(await ctl(c, "get", "still"), /^still\nhere\n/);

        assert.deepEqual(await retire(c), ["disabled etcd", "stopped etcd, which was active"]);
        const retired = await look(c);
        assert.deepEqual(
          [retired.disk, retired.enabled, await state(c)],
          ["member", false, "inactive"],
        );
      });
  });
}
