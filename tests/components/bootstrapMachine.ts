/**
 * A folder that stands in for a machine: commands that note what they were asked, in place of
 * systemd, cloud-init, apt and Chef.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after } from "node:test";
import {
  bootstrapScript,
  type BootstrapSettings,
} from "../../components/bootstrap/bootstrapScript.ts";
import { packCookbook } from "../../components/bootstrap/cookbookArchive.ts";
import { cookbookFolder } from "../cookbook/files.ts";

const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-bootstrap-"));
after(() => fs.rm(folder, { recursive: true, force: true }));
const cookbook = await packCookbook(cookbookFolder);

/**
 * Commands of the machine, as far as the script needs them. Units are pid files; what a command was
 * asked goes to `calls`.
 */
const commands: Record<string, string> = {
  id: "echo 0",
  hostname: "echo node-a",
  "cloud-init": 'echo "cloud-init $*" >> "$HERE/calls"; exit "$(cat "$HERE/cloud-init-exit")"',
  "systemd-run": `
while [ "$1" != /bin/bash ]; do [ "$1" != --unit ] || unit=$2; shift; done
sed -i "s|/run/cloud-init|$HERE|; s|=/var/lib/etcd|=$HERE/etcd|g" "$2"
setsid "$@" > /dev/null 2>&1 8>&- & echo $! > "$HERE/unit-$unit"`,
  systemctl: `
for last; do :; done
case "$*" in
  *is-active*)
    pid=$(cat "$HERE/unit-$last" 2>/dev/null) && [ -e "/proc/$pid" ] &&
      ! grep -q '^State:.Z' "/proc/$pid/status" ;;
  *) [ "$last" = etcd ] && [ -e "$HERE/etcd-runs" ] && echo active || echo inactive ;;
esac`,
  "cinc-client": `
echo "cinc-client $* in $(umask)" >> "$HERE/calls"
echo "line of the converge"
while [ -e "$HERE/hold" ]; do sleep 0.05; done
[ -e nodes ] && echo "nodes is still here"
[ "$(cat "$HERE/chef-exit")" = 0 ] || { echo "a resource failed"; exit 1; }
touch "$HERE/etcd-runs"; mkdir nodes`,
  "dpkg-query": 'cat "$HERE/installed" 2>/dev/null',
  curl:
    'echo "curl $*" >> "$HERE/calls"; while [ "$1" != -o ]; do shift; done; ' +
    'echo package > "$2"',
  "apt-get": 'echo "apt-get $*" >> "$HERE/calls"; echo 18.8.54-1 > "$HERE/installed"',
};

export interface Machine {
  here: string;
  base: string;
  run(
    change?: Partial<BootstrapSettings>,
    onOutput?: (out: string) => void,
  ): Promise<{ code: number | null; out: string; err: string }>;
  calls(): Promise<string[]>;
  set(name: string, text: string): Promise<void>;
}

export async function machine(): Promise<Machine> {
  const here = await fs.mkdtemp(path.join(folder, "machine-"));
  const bin = path.join(here, "bin");
  const base = path.join(here, "bootstrap");
  await fs.mkdir(bin);
  for (const [name, text] of Object.entries(commands))
    await fs.writeFile(path.join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  const set = (name: string, text: string) => fs.writeFile(path.join(here, name), text);
  await set("cloud-init-exit", "0");
  await set("chef-exit", "0");
  const run: Machine["run"] = (change, onOutput) => {
    const settings = {
      nodeJson: { etcd: { domain: "etcd.test" } },
      cookbook,
      chef: { product: "preinstalled" as const },
      timeoutSeconds: 20,
      ...change,
    };
    const digest = createHash("sha256")
      .update(bootstrapScript({ ...settings, digest: "" }))
      .digest("hex");
    const child = spawn("bash", ["-s"], {
      env: { PATH: `${bin}:${process.env.PATH}`, HERE: here },
      timeout: 30_000,
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      onOutput?.(out);
    });
    child.stderr.on("data", (data: Buffer) => {
      err += data.toString();
    });
    child.stdin.end(
      bootstrapScript({ ...settings, digest }).replaceAll("/var/lib/etcd-bootstrap", base),
    );
    return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
  };
  const calls = async () =>
    (await fs.readFile(path.join(here, "calls"), "utf8").catch(() => ""))
      .trim()
      .split("\n")
      .filter(Boolean);
  return { here, base, run, calls, set };
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 10_000; !(await holds());) {
    assert.ok(performance.now() < end, `${what}: not within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
