/**
 * One fault of DNS at a first start: etcd with nobody to ask first, then the same machines with the
 * program's gates before it.
 */
import { waitForDns } from "../../components/dns/dnsReadiness.ts";
import { expected, faults, type Fault } from "./faults.ts";
import { healthy, probe, settle, verdict } from "./observe.ts";
import { names, nameservers } from "./places.ts";
import { startEtcd, startUnit, type Etcd, type Unit } from "./unit.ts";
import type { World } from "./worldProcess.ts";

/** What one case showed. */
export interface Discovery {
  /** What etcd alone ended in; for nodes that started after the repair, what all ended in then. */
  readonly alone: string;
  /** What the health check said of that. */
  readonly health: readonly string[];
  /** What the gate said within a second; "" when it opened. */
  readonly gate: string;
  /** What each node's gate said the first time; "" where it let etcd start. */
  readonly node: readonly string[];
  /** With the gates, after the repair: the one cluster. */
  readonly clusterId: string;
  readonly members: readonly string[];
  readonly seconds: number;
}

export async function discovery(world: World, { id }: { id: string }): Promise<Discovery> {
  const started = Date.now();
  const fault = faults.find((f) => f.id === id);
  if (!fault) throw new Error(`no fault ${id}`);
  await fault.apply(world.zone, 3600);
  const { alone, health } = await etcdAlone(world, fault);

  await world.reset();
  await fault.apply(world.zone, 6);
  const [gate, units] = await Promise.all([askGate(world), startUnits(world)]);
  const node = Object.values(units).map((unit) => (unit.passes ? "" : (unit.refusals[0] ?? "")));
  const ran = Object.values(units).some((unit) => unit.etcd);
  if (node.every((said) => said) && ran)
    throw new Error("a unit started etcd although its gate refused");
  if (!fault.passes) await world.zone.restore();
  await until(
    () => Object.values(units).every((unit) => unit.etcd?.ready),
    60_000,
    "every unit to be ready",
  );
  const clusterId = await healthy(world, 30);
  const { members } = await probe(world, 5000);
  return {
    alone,
    health,
    gate,
    node,
    clusterId,
    members: [
      ...new Set(
        members.map(
          (m) =>
            `${m.clusterId}: ${m.members
              .map(({ name }) => name)
              .sort()
              .join(" ")}`,
        ),
      ),
    ],
    seconds: (Date.now() - started) / 1000,
  };
}

async function etcdAlone(
  world: World,
  { early, late, health }: Fault,
): Promise<{ alone: string; health: readonly string[] }> {
  const running: Record<string, Etcd> = {};
  const start = (which: readonly string[]) => {
    for (const name of which) running[name] = startEtcd(machine(world, name), world.unit(name));
  };
  start(early);
  let seen = await settle(world, running);
  const sentences = [seen.sentence];
  if (late) {
    await world.zone.restore();
    start(late);
    seen = await settle(world, running);
    sentences.push(seen.sentence);
  }
  return { alone: sentences.join(" → "), health: await verdict(world, health, seen.report) };
}

export function machine(world: World, name: string) {
  const found = world.machines[name];
  if (!found) throw new Error(`no machine ${name}`);
  return found;
}

/** What the gate says within a second; "" when it opens. */
async function askGate(world: World): Promise<string> {
  return waitForDns(
    {
      expected: expected(world.spec.tls),
      nameservers: [...nameservers],
      timeoutSeconds: 1,
    },
    () => undefined,
  ).then(
    () => "",
    (error: Error) => error.message,
  );
}

/** All units, once each has refused or let etcd start. */
export async function startUnits(
  world: World,
  which: readonly string[] = names,
): Promise<Record<string, Unit>> {
  const units = Object.fromEntries(
    which.map((name) => [name, startUnit(machine(world, name), world.unit(name))]),
  );
  await until(
    () => Object.values(units).every((unit) => unit.passes || unit.refusals.length),
    30_000,
    "the preflight of every unit to decide",
  );
  return units;
}

export async function until(
  condition: () => boolean,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
