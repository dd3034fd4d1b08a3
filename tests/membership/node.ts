/**
 * A machine of the stories: it has the files of a real node, and what befalls machines befalls it.
 * SSH is a stand-in: a script runs as root on the machine, or nobody answers.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import type { WantedMember } from "../../components/membership/situation.ts";
import { directDialler } from "../../components/ssh/dialler.ts";
import type { MemberAccess, ScriptResult } from "../../components/ssh/memberAccess.ts";
import { machine as machineOf } from "../faults/discovery.ts";
import { domain } from "../faults/places.ts";
import type { World } from "../faults/worldProcess.ts";
import { startSystemd, type Systemd } from "./systemd.ts";

/** How long nobody answers, where nobody does: less than in reality, so that ends come sooner. */
const silenceMs = 6_000;

export interface Node {
  readonly name: string;
  /** As the program declares it now. */
  readonly wanted: WantedMember;
  readonly access: MemberAccess;
  readonly systemd: Systemd;
  /** Stops etcd, and empties the data directory: a disk that lost its data. */
  wipe(): Promise<void>;
  /** What etcd keeps is overwritten in part, and its unit starts it again. */
  spoil(): Promise<void>;
  /** The machine ends, and its address answers nothing. */
  vanish(): Promise<void>;
  /** Another machine at the same address; its root disk is new, the data disk only if not kept. */
  anew(keepsDisk: boolean): Promise<void>;
  /** Names of what lies on the data disk. */
  disk(): Promise<string[]>;
}

export async function openNode(world: World, name: string): Promise<Node> {
  const machine = machineOf(world, name);
  const at = (file: string) => path.join(machine.root, file);
  await fs.writeFile(at("etc/passwd"), "root:x:0:0::/:/bin/sh\netcd:x:0:0::/:/bin/sh\n");
  const link = (state: "up" | "down") =>
    execFileSync("ip", ["link", "set", `lan-${name}`, state], { stdio: "inherit" });
  link("up");
  let away = false;
  let scripts = 0;
  const systemd = startSystemd(machine, world.unit(name));
  const run = async (script: string): Promise<ScriptResult> => {
    if (away) {
      await new Promise((resolve) => setTimeout(resolve, silenceMs));
      return { problem: "no answer within 10 s", output: "" };
    }
    const file = `/run/script-${scripts++}`;
    await fs.writeFile(at(file), script);
    const child = machine.spawn("env", [
      "PATH=/usr/local/bin:/usr/bin:/bin",
      ...["sh", "-c", `sh < ${file} 2>&1`],
    ]);
    let output = "";
    child.stdout?.on("data", (data: Buffer) => (output += data.toString()));
    const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
    await fs.rm(at(file));
    output = output.trim();
    return { problem: code === 0 ? "" : output || `exit code ${code}`, output };
  };
  return {
    name,
    systemd,
    access: { ...directDialler(machine.address), run },
    get wanted() {
      return {
        name,
        endpoint: `https://${machine.address}:2379`,
        peerUrl: `https://${name}.${domain}:2380`,
        address: machine.address,
        machine: world.instances.get(machine.address) ?? "",
        volume: "",
        hostKey: "",
      };
    },
    async wipe() {
      await systemd.stop();
      await fs.rm(at("var/lib/etcd/data/member"), { recursive: true });
    },
    async spoil() {
      await systemd.stop();
      const file = await fs.open(at("var/lib/etcd/data/member/snap/db"), "r+");
      await file.write(Buffer.alloc(32 * 1024, 0x55), 0, 32 * 1024, 0);
      await file.close();
      systemd.start();
    },
    async vanish() {
      away = true;
      link("down");
      await systemd.stop();
    },
    async anew(keepsDisk) {
      const id = world.instances.get(machine.address) ?? "";
      world.instances.set(machine.address, `${id}-anew`);
      await systemd.stop();
      await fs.rm(at("var/lib/etcd-node"), { recursive: true });
      await fs.mkdir(at("var/lib/etcd-node"));
      if (!keepsDisk) {
        await fs.rm(at("var/lib/etcd"), { recursive: true });
        await fs.mkdir(at("var/lib/etcd/data"), { recursive: true });
      }
      away = false;
      link("up");
      if (keepsDisk) systemd.start(); // as its bootstrap does
    },
    disk: () => fs.readdir(at("var/lib/etcd")),
  };
}
