/**
 * DNS that goes away under a cluster that runs, and members that restart then (D4, D5). Each
 * restart is the unit's: the node's gate is asked, too.
 */
import { machine, startUnits, until } from "./discovery.ts";
import { client, healthy, probe, settle } from "./observe.ts";
import { names } from "./places.ts";
import { startUnit, type Etcd, type Unit } from "./unit.ts";
import type { World } from "./worldProcess.ts";

export interface RollingRestart {
  /** What health says when DNS is gone and nobody restarts. */
  readonly untouched: readonly string[];
  /** After the restart of a, then of b: what etcd is in, and what health says. */
  readonly afterFirst: { readonly sentence: string; readonly health: readonly string[] };
  readonly afterSecond: { readonly sentence: string; readonly health: readonly string[] };
  /** What the gates of a and b said. */
  readonly refusals: readonly string[];
  /** Cluster ID before, and once DNS is back. */
  readonly ids: readonly [string, string];
  /** What was written before, read afterwards. */
  readonly value: string | null;
}

export async function rollingRestart(world: World): Promise<RollingRestart> {
  const units = await startUnits(world);
  const before = await formed(world, units);
  await client(world, "c", async (etcd) => {
    await etcd.put("written").value("before");
  });
  await world.zone.down();
  const untouched = (await probe(world)).reasons;
  const restart = async (name: string) => {
    await units[name]?.stop();
    units[name] = startUnit(machine(world, name), world.unit(name));
    await until(
      () => units[name]?.etcd !== undefined || units[name]?.refusals.length !== 0,
      20_000,
      `the unit of ${name} to restart etcd`,
    );
    const { sentence, report } = await settle(world, processes(units));
    return { sentence, health: report.reasons };
  };
  const afterFirst = await restart("a");
  const afterSecond = await restart("b");
  await world.zone.restore();
  const after = await healthy(world, 60);
  return {
    untouched,
    afterFirst,
    afterSecond,
    refusals: ["a", "b"].flatMap((name) => units[name]?.refusals ?? []),
    ids: [before, after],
    value: await client(world, "a", (etcd) => etcd.get("written").string()),
  };
}

/** The processes of all units, once each has one. */
export const processes = (units: Readonly<Record<string, Unit>>): Record<string, Etcd> =>
  Object.fromEntries(
    names.flatMap((name) => {
      const etcd = units[name]?.etcd;
      return etcd ? [[name, etcd] as const] : [];
    }),
  );

/** Waits for the one healthy cluster of all units; resolves with its ID. */
export async function formed(world: World, units: Readonly<Record<string, Unit>>): Promise<string> {
  await until(
    () => names.every((name) => units[name]?.etcd?.ready),
    60_000,
    "every unit to be ready",
  );
  return healthy(world, 30);
}
