// Host keys on real machines: the first contact, the lasting key, a machine that is replaced, one
// that shows another key. Does not prove that nobody reads user data, nor what EC2's own images do
// before cloud-init runs.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test, { after, before } from "node:test";
import { firstContactKeyIn } from "../../components/ssh/userData.ts";
import { ec2Client } from "../../lab/ec2/client.ts";
import { firstBoot } from "../../lab/ec2/observe.ts";
import { run } from "../../lab/shell.ts";
import { eventually, mustRun, npmRun, pulumiWith } from "./harness.ts";
import { instances, terminate } from "./inventory.ts";
import { onMachine } from "./machines.ts";

interface Outputs {
  endpoints: Record<string, string>;
  hostKeys: Record<string, string>;
}
const outputs = async () =>
  JSON.parse(await mustRun("pulumi", "stack", "output", "--json")) as Outputs;
const up = (...args: string[]) =>
  mustRun("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", ...args);
const fingerprint = (key: string) =>
  `SHA256:${createHash("sha256")
    .update(Buffer.from(key.split(" ")[1] ?? "", "base64"))
    .digest("base64")
    .replace("=", "")}`;

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
});
after(async () => {
  await npmRun("lab", "stop");
});

/** The container and the first-contact key of a node's machine, from EC2 itself. */
async function machineOf(node: string): Promise<{ container: string; firstKey: string }> {
  const id = (await instances()).find((instance) => instance.node === node)?.id ?? "";
  const client = ec2Client("test");
  try {
    const { userData } = await firstBoot(client, {
      id,
      state: "running",
      address: "",
      zone: "",
      firewall: "",
      attachments: [],
    });
    return {
      container: `etcd-lab-${id}`,
      firstKey: firstContactKeyIn(Buffer.from(userData).toString()),
    };
  } finally {
    client.destroy();
  }
}

/** Every host key that a node's sshd shows. */
async function shownBy(endpoint: string): Promise<string[]> {
  const { hostname } = new URL(endpoint);
  return (await run("ssh-keyscan", ["-T", "10", hostname]))
    .split("\n")
    .filter((line) => line.startsWith(hostname))
    .map((line) => line.slice(hostname.length + 1));
}

test("each machine shows its lasting key alone; the one of its user data is spent", async () => {
  const { endpoints, hostKeys } = await outputs();
  for (const [node, endpoint] of Object.entries(endpoints)) {
    const { firstKey } = await machineOf(node);
    assert.match(firstKey, /^ssh-ed25519 /);
    assert.deepEqual(await shownBy(endpoint), [hostKeys[node]]);
    assert.notEqual(firstKey, hostKeys[node]);
  }
  assert.equal(new Set(Object.values(hostKeys)).size, 3);
});

test(
  "neither key is readable for others: not on the machine, not in the exported state, not " +
    "in the lab's logs",
  async () => {
    const { container } = await machineOf("a");
    const holders = (
      await onMachine(
        container,
        "sh",
        "-c",
        "grep -rlE 'BEGIN OPENSSH' /etc/ssh /var/lib/cloud /run /var/log /tmp /var/tmp " +
          "/home || true",
      )
    )
      .split("\n")
      .filter(Boolean);
    assert.ok(holders.includes("/etc/ssh/ssh_host_ed25519_key"), holders.join(", "));
    for (const file of holders)
      assert.match(await onMachine(container, "stat", "-c", "%U %a", file), /^root [46]00$/m, file);
    const secrets = (
      await Promise.all(
        holders.map((file) =>
          onMachine(container, "sh", "-c", `grep -aoE '[A-Za-z0-9+/]{64}' ${file} || true`),
        ),
      )
    )
      .join("\n")
      .split("\n")
      // the public halves are in user data, too
      .filter((line) => line !== "" && !line.startsWith("AAAAC3NzaC1lZDI1NTE5"));
    assert.ok(
      secrets.length >= 4,
      "no lines of the keys were found, so nothing would be searched for",
    );
    const haystacks = [
      await mustRun("pulumi", "stack", "export"),
      await run("sh", ["-c", "cat .lab/logs/*"]),
      await onMachine(container, "journalctl", "--no-pager"),
    ];
    for (const line of new Set(secrets))
      for (const text of haystacks)
        assert.ok(!text.includes(line), "a line of a private key is readable");
  },
);

test(
  "a first contact that the state does not know is made again: the machine is known by " +
    "its lasting key",
  async () => {
    const before = await outputs();
    const text = await up("--replace", "**etcd-a-first-contact");
    assert.match(text, /has its lasting host key already/);
    assert.deepEqual((await outputs()).hostKeys, before.hostKeys);
  },
);

test("a first contact that was cut off before sshd read the key is finished", async () => {
  const { endpoints, hostKeys } = await outputs();
  const { container, firstKey } = await machineOf("c");
  // The moment between the two: the lasting key is written, sshd still shows the first one.
  const lasting = "/etc/ssh/ssh_host_ed25519_key";
  const first = "/var/lib/cloud/instance/user-data.txt";
  await onMachine(
    container,
    "sh",
    "-c",
    `cp -p ${lasting} /root/lasting && sed -n '/BEGIN/,/END/s/^ *//p' ${first} > ` +
      `${lasting} && systemctl reload ssh`,
  );
  await eventually(
    "sshd to show the first key again",
    10_000,
    async () => (await shownBy(endpoints.c ?? "")).join() === firstKey,
  );
  await onMachine(container, "sh", "-c", `cp -p /root/lasting ${lasting} && rm /root/lasting`);
  await up("--replace", "**etcd-c-first-contact");
  assert.deepEqual(await shownBy(endpoints.c ?? ""), [hostKeys.c]);
});

test(
  "a machine that was lost comes back with a first-contact key and a lasting key of its " +
    "own, and with its data, whatever number etcd had there",
  async () => {
    const lost = await machineOf("b");
    const before = { keys: (await outputs()).hostKeys, first: lost.firstKey };
    await onMachine(
      lost.container,
      "sh",
      "-c",
      "systemctl stop etcd && chown -R 4321:4321 /var/lib/etcd/data",
    );
    await terminate("b");
    await up("--refresh");
    const { endpoints, hostKeys } = await outputs();
    assert.notEqual((await machineOf("b")).firstKey, before.first);
    assert.notEqual(hostKeys.b, before.keys.b);
    assert.deepEqual([hostKeys.a, hostKeys.c], [before.keys.a, before.keys.c]);
    assert.deepEqual(await shownBy(endpoints.b ?? ""), [hostKeys.b]);
    assert.match(await mustRun("status"), /Healthy: one cluster/);
    await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
  },
);

test("a machine with another key is refused by ssh and up; nothing is sent to it", async () => {
  const { endpoints } = await outputs();
  const { container } = await machineOf("a");
  await onMachine(
    container,
    "sh",
    "-c",
    "cd /etc/ssh && mv ssh_host_ed25519_key /root/kept && ssh-keygen -q -t ed25519 -N " +
      "'' -f ssh_host_ed25519_key && systemctl reload ssh",
  );
  await eventually(
    "sshd to show the foreign key",
    10_000,
    async () => !(await shownBy(endpoints.a ?? "")).includes((await outputs()).hostKeys.a ?? ""),
  );
  const logIns = async () =>
    (await onMachine(container, "journalctl", "--no-pager"))
      .split("\n")
      .filter((line) => /Accepted publickey/.test(line)).length;
  const before = await logIns();

  const ssh = await npmRun("ssh", "a", "true");
  assert.equal(ssh.code, 255);
  assert.match(ssh.text, /Host key verification failed/i);
  const changed = await pulumiWith(
    { "etcd:bootstrapTimeout": "901" },
    "up",
    "--yes",
    "--skip-preview",
  );
  assert.notEqual(changed.code, 0);
  assert.match(
    changed.text,
    /etcd-a-bootstrap: the machine at 10\.213\.0\.4 is not the one of a: its SSH host key is another/,
  );
  assert.doesNotMatch(changed.text, /Dial \d+\/16 failed/, "tried again what cannot heal");
  const again = await npmRun(
    "pulumi",
    "up",
    "--yes",
    "--skip-preview",
    "--non-interactive",
    "--replace",
    "**etcd-a-first-contact",
  );
  assert.notEqual(again.code, 0);
  assert.match(
    again.text,
    /The machine at 10\.213\.0\.4 is not the one that was made for a: its SSH host key is another\. Nothing was sent to it/,
  );
  assert.ok(
    again.text.includes(fingerprint((await shownBy(endpoints.a ?? ""))[0] ?? "")),
    again.text,
  );
  assert.equal(await logIns(), before);

  await onMachine(
    container,
    "sh",
    "-c",
    "mv -f /root/kept /etc/ssh/ssh_host_ed25519_key && systemctl reload ssh",
  );
  await up();
  await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
});
