/** The programs of a node on a folder, with stand-ins for systemctl and journalctl. */
import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import { userInfo } from "node:os";
import * as path from "node:path";
import { filesFolder } from "./files.ts";
import { newNode, put } from "./preflightRun.ts";

/** A unit is a file of properties; what was asked of systemd goes to `calls`. */
const commands: Record<string, string> = {
  systemctl: `
[ "$1" = show ] || [ "$1" = list-units ] || echo "$*" >> "$HERE/calls"
set_property() { sed -i "s/^$1=.*/$1=$2/" "$HERE/unit"; }
for last; do :; done
case "$1" in
  show) [ ! -e "$HERE/hangs" ] || sleep 20; cat "$HERE/unit" ;;
  list-units) cat "$HERE/converges" 2>/dev/null ;;
  enable) [ ! -e "$HERE/broken" ] || { echo "unit is masked" >&2; exit 1; }
    set_property UnitFileState enabled ;;
  disable) set_property UnitFileState disabled ;;
  start) set_property ActiveState activating ;;
  kill) exit 1 ;;
  stop) [ "$last" != etcd.service ] || [ -e "$HERE/stays" ] || set_property ActiveState failed ;;
  reset-failed) sed -i s/=failed/=inactive/ "$HERE/unit" ;;
esac
true`,
  journalctl: 'cat "$HERE/journal" 2>/dev/null; true',
};

export interface Node {
  readonly dir: string;
  /** A file of the stand-ins: unit, converges, journal, hangs, broken, stays. */
  set(name: string, text: string): Promise<void>;
  run(program: string, stdin?: object | string, more?: readonly string[]): Promise<Ended>;
  /** What systemd was told, in turn. */
  calls(): Promise<string[]>;
  /** The names in its two folders, sorted; times as T. */
  files(): Promise<string[]>;
}

export interface Ended {
  readonly code: number | null;
  /** Its one line; undefined when it printed none. */
  readonly json: Record<string, unknown> | undefined;
  readonly err: string;
  readonly seconds: number;
}

export const unit = (active: string, more: Readonly<Record<string, string | number>> = {}) =>
  Object.entries({
    ActiveState: active,
    SubState: "dead",
    Result: "success",
    ExecMainStatus: 0,
    NRestarts: 0,
    UnitFileState: "disabled",
    ...more,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");

/** A node that was converged, whose etcd does not run. `settings` are the preflight's. */
export async function nodeOf(settings: object = {}): Promise<Node> {
  const dir = await newNode({ tickets: true, ...settings });
  const at = (name: string) => path.join(dir, name);
  await fs.mkdir(at("bin"));
  for (const [name, text] of Object.entries(commands))
    await fs.writeFile(at(`bin/${name}`), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  await fs.writeFile(at("unit"), unit("inactive"));
  return {
    dir,
    set: (name, text) => fs.writeFile(at(name), text),
    run: (program, stdin = "", more = []) => runProgram(dir, program, stdin, more),
    calls: async () =>
      (await fs.readFile(at("calls"), "utf8").catch(() => "")).split("\n").filter(Boolean),
    async files() {
      const names = await Promise.all(
        ["node", "disk"].map(async (folder) =>
          (await fs.readdir(at(folder))).map((name) => `${folder}/${name}`),
        ),
      );
      return names
        .flat()
        .map((name) => name.replace(/\d{8}T\d{6}Z/, "T"))
        .sort();
    },
  };
}

async function runProgram(
  dir: string,
  program: string,
  stdin: object | string,
  more: readonly string[],
): Promise<Ended> {
  const started = performance.now();
  const options = ["--settings", `${dir}/settings.json`, "--node-folder", `${dir}/node`];
  if (program === "etcd-join") options.push("--user", userInfo().username);
  const child = spawn(path.join(filesFolder, program), [...options, ...more], {
    env: { PATH: `${dir}/bin:${process.env.PATH}`, HERE: dir },
    timeout: 30_000,
  });
  const said = { out: "", err: "" };
  child.stdout.on("data", (data: Buffer) => (said.out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (said.err += data.toString()));
  child.stdin.on("error", () => undefined); // it may end without reading
  child.stdin.end(typeof stdin === "string" ? stdin : JSON.stringify(stdin));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const seconds = (performance.now() - started) / 1000;
  const json = said.out ? (JSON.parse(said.out) as Record<string, unknown>) : undefined;
  return { code, json, err: said.err, seconds };
}

/**
 * A log of the member with an id of 16 digits, as etcd 3.5 to 3.7 begin it: a frame with the CRC,
 * and one with the ids of member and cluster.
 */
export async function putLog(dir: string, memberId: string): Promise<void> {
  const id = varint(BigInt(`0x${memberId}`));
  const data = Buffer.from([0x08, ...id, 0x10, 0x01]);
  const record = Buffer.from([0x08, 0x01, 0x10, 0x07, 0x1a, data.length, ...data]);
  const padding = (8 - (record.length % 8)) % 8;
  const frame = Buffer.from([record.length, 0, 0, 0, 0, 0, 0, padding ? 0x80 | padding : 0]);
  const crc = Buffer.from("04000000000000840804100000000000", "hex");
  await put(dir, "wal", "");
  await fs.writeFile(
    path.join(dir, "disk/data/member/wal/0000000000000000-0000000000000000.wal"),
    Buffer.concat([crc, frame, record, Buffer.alloc(padding + 64)]),
  );
}

function varint(value: bigint): number[] {
  const low = Number(value & 0x7fn);
  return value < 0x80n ? [low] : [low | 0x80, ...varint(value >> 7n)];
}
