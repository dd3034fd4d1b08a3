/**
 * First starts that must not be: DNS that breaks between the node's check and etcd's start (N9),
 * and a machine that was made anew on an emptied disk while its peers are away (N8). And starts
 * that must be: with the lasting file alone, once there is data; and of the machine made anew, as
 * another member.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { machine, startUnits, until } from "./discovery.ts";
import { client, probe, settle } from "./observe.ts";
import { joinAnew, type Joined } from "./joinAnew.ts";
import { formed } from "./rollingRestart.ts";
import { giveTicket } from "./tickets.ts";
import { paths, startEtcd, startUnit, type Unit } from "./unit.ts";
import type { World } from "./worldProcess.ts";
import { fullName } from "./zone.ts";

export interface FirstStarts {
  /** What a was in while DNS was broken; then the members of the one cluster, in every view. */
  readonly alone: string;
  readonly members: readonly string[];
  /** What the lasting file alone makes of an empty directory. */
  readonly lasting: string;
  /**
   * What a machine made anew said: without a ticket, with the old machine's; then its files. Where
   * tickets are asked for.
   */
  readonly anew: readonly string[];
  readonly data: readonly string[];
  /** Cluster ID before, and of a and c after; what they were started with. */
  readonly ids: readonly [string, string];
  readonly startFiles: readonly string[];
  readonly value: string | null;
  /** How the machine made anew joined, where there are tickets. */
  readonly joined: Joined | undefined;
}

export async function firstStarts(world: World): Promise<FirstStarts> {
  const { alone, units } = await brokenInBetween(world);
  const before = await formed(world, units);
  const { members } = await probe(world, 5000);
  await client(world, "c", async (etcd) => {
    await etcd.put("written").value("before");
  });
  await Promise.all(Object.values(units).map((unit) => unit.stop()));

  const b = machine(world, "b");
  const root = (file: string) => path.join(b.root, file);
  for (const folder of ["var/lib/etcd", "var/lib/etcd-node"])
    await fs.rm(root(folder), { recursive: true });
  for (const folder of ["var/lib/etcd/data", "var/lib/etcd-node"])
    await fs.mkdir(root(folder), { recursive: true });
  world.instances.set(b.address, "i-b-anew");
  const anew: string[] = [];
  if (world.spec.tls) {
    anew.push(await startOf(world));
    await giveTicket(b, "i-b");
    anew.push(await startOf(world));
  }
  const data = await fs.readdir(root("var/lib/etcd/data"));
  const lasting = startEtcd(b, world.unit("b"), paths.lasting);
  const { sentence } = await settle(world, { b: lasting });

  // a by a unit of an older release, which a machine may still have loaded
  const older = world.unit("a").replace(paths.start, paths.lasting);
  const back = {
    a: startUnit(machine(world, "a"), older),
    c: startUnit(machine(world, "c"), world.unit("c")),
  };
  await until(
    () => Object.values(back).every((unit) => unit.etcd?.ready),
    60_000,
    "a and c to be ready",
  );
  const after = (await probe(world, 5000)).members.find(({ name }) => name === "a");
  return {
    alone,
    members: [
      ...new Set(
        members.map(({ members: seen }) =>
          seen
            .map(({ name }) => name)
            .sort()
            .join(" "),
        ),
      ),
    ],
    lasting: sentence,
    anew,
    data,
    ids: [before, after?.clusterId ?? ""],
    startFiles: await Promise.all(
      ["a", "c"].map((name) =>
        fs.readFile(path.join(machine(world, name).root, paths.start), "utf8"),
      ),
    ),
    value: await client(world, "a", (etcd) => etcd.get("written").string()),
    joined: world.spec.tls ? await joinAnew(world) : undefined,
  };
}

/** a finds DNS whole, and the addresses of its peers are gone when its etcd starts. */
async function brokenInBetween(
  world: World,
): Promise<{ alone: string; units: Record<string, Unit> }> {
  const a = startUnit(machine(world, "a"), world.unit("a"), async () => {
    world.zone.special = (name, type) =>
      type === "A" && name !== fullName("a") ? { rcode: "SERVFAIL" } : undefined;
  });
  await until(() => a.etcd !== undefined, 20_000, "the gate of a to open");
  const { sentence } = await settle(world, { a: a.etcd! });
  await world.zone.restore();
  const { b, c } = await startUnits(world, ["b", "c"]);
  return { alone: sentence, units: { a, b: b!, c: c! } };
}

/** What the unit of b says at first; "" when it lets etcd start. */
async function startOf(world: World): Promise<string> {
  const unit = startUnit(machine(world, "b"), world.unit("b"));
  await until(() => unit.passes + unit.refusals.length > 0, 20_000, "the preflight of b to decide");
  await unit.stop();
  return unit.refusals[0] ?? "";
}
