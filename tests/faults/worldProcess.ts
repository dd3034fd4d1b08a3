/**
 * Inside a world: receives a scenario by name, builds the network, runs it, sends what was seen.
 * Ends when the test does.
 */
import * as fs from "node:fs/promises";
import { filesFolder } from "../cookbook/files.ts";
import { startMetadataServer } from "../metadataServer.ts";
import { discovery } from "./discovery.ts";
import { firstStarts } from "./firstStarts.ts";
import { handshakes } from "./handshakes.ts";
import { addMachine, metadataAddress, openNetwork, type Machine } from "./network.ts";
import { bigJoin } from "../membership/bigJoin.ts";
import { memberFigures } from "../membership/figures.ts";
import { kills } from "../membership/kills.ts";
import { stories } from "../membership/stories.ts";
import { addressOf, isFounder } from "./places.ts";
import { writePki } from "./pkiFiles.ts";
import { rollingRestart } from "./rollingRestart.ts";
import { giveTicket } from "./tickets.ts";
import { installFiles } from "./unit.ts";
import type { WorldSpec } from "./world.ts";
import { startZone, type Zone } from "./zone.ts";

/** What a scenario works with. */
export interface World {
  readonly spec: WorldSpec;
  readonly zone: Zone;
  readonly machines: Readonly<Record<string, Machine>>;
  /** Text of a node's unit. */
  unit(name: string): string;
  /** What EC2 calls each machine, by address. Tests change it in place. */
  readonly instances: Map<string, string>;
  /** Machines as new, with the tickets that a program gives, DNS whole. */
  reset(): Promise<void>;
}

const scenarios: Readonly<Record<string, (world: World, input: never) => Promise<unknown>>> = {
  discovery,
  firstStarts,
  rollingRestart,
  handshakes,
  ...stories,
  kills,
  memberFigures,
  bigJoin,
};

const [folder = ""] = process.argv.slice(2);

async function build(spec: WorldSpec): Promise<World> {
  await openNetwork();
  const [zone, ...machines] = await Promise.all([
    startZone(spec.tls, Object.keys(spec.files)),
    ...Object.keys(spec.files).map(async (name) => {
      const machine = await addMachine(name, addressOf(name), folder, spec.binDir);
      await installFiles(machine, spec.files[name] ?? {}, filesFolder);
      if (spec.tls) await writePki(machine, spec.pki.ca, spec.pki.members[name]);
      return machine;
    }),
  ]);
  const instances = new Map<string, string>();
  await startMetadataServer((address) => instances.get(address) ?? "", metadataAddress, 80);
  const reset = async () => {
    await Promise.all([zone.restore(), ...machines.map((m) => m.reset())]);
    for (const { name, address } of machines) instances.set(address, `i-${name}`);
    const founders = machines.filter((m) => isFounder(m.name));
    if (spec.tls) await Promise.all(founders.map((m) => giveTicket(m, `i-${m.name}`)));
  };
  return {
    instances,
    reset,
    spec,
    zone,
    machines: Object.fromEntries(machines.map((m) => [m.name, m])),
    unit: (name) => spec.files[name]?.["etcd.service"] ?? "",
  };
}

let world: Promise<World> | undefined;

process.once("disconnect", () => {
  void fs.rm(folder, { recursive: true, force: true }).finally(() => process.exit());
});
process.on(
  "message",
  ({ scenario, input, spec }: { scenario: string; input: never; spec: WorldSpec }) => {
    const work = async () => {
      const run = scenarios[scenario];
      if (!run) throw new Error(`no scenario ${scenario}`);
      const built = await (world ??= build(spec));
      await built.reset();
      return run(built, input);
    };
    work().then(
      (seen) => process.send?.({ seen }),
      (error: Error) => process.send?.({ error: error.stack ?? error.message }),
    );
  },
);
