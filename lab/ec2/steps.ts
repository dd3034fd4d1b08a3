import type { EC2Client } from "@aws-sdk/client-ec2";
import { sshLateSeconds } from "../faults.ts";
import {
  attachVolume,
  detachVolume,
  makeMachine,
  removeMachine,
  startMachine,
  stopMachine,
} from "./machine.ts";
import { firstBoot } from "./observe.ts";
import type { Action, Cloud, Instance, Machine } from "./plan.ts";
import { setFirewall } from "../network.ts";
import { closeVolume, deleteVolume } from "./volume.ts";

/**
 * What the steps work on; `machines` and `cloud` are the reconciler's and change while a step runs.
 */
export interface Workshop {
  readonly client: EC2Client;
  /** Name of the machine image. */
  readonly image: string;
  readonly machines: Map<string, Machine>;
  readonly cloud: () => Cloud | undefined;
}

/** Carries out one action and records it in `machines`. Returns what was done, for the log. */
export async function perform(action: Action, shop: Workshop): Promise<string> {
  const { machines } = shop;
  switch (action.do) {
    case "start":
      await start(action.instance, shop);
      return `machine at ${action.instance.address} started`;
    case "stop":
      await stopMachine(action.id);
      change(machines, action.id, () => ({ state: "stopped" }));
      return "machine stopped";
    case "remove": {
      const volumeIds = machines.get(action.id)?.volumeIds ?? [];
      await removeMachine(action.id);
      await closeUnused(volumeIds, action.id, shop);
      machines.delete(action.id);
      return "machine removed";
    }
    case "filter":
      await setFirewall(action.id, action.firewall);
      change(machines, action.id, () => ({ firewall: action.firewall }));
      return "rules of its security groups set";
    case "attach": {
      const { volumeId } = action.attachment;
      const number = await attachVolume(action.id, action.attachment);
      change(machines, action.id, (machine) => ({ volumeIds: [...machine.volumeIds, volumeId] }));
      return `${volumeId} attached as /dev/nvme${number}n1`;
    }
    case "detach":
      await detachVolume(action.id, action.volumeId);
      await closeUnused([action.volumeId], action.id, shop);
      change(machines, action.id, (machine) => ({
        volumeIds: machine.volumeIds.filter((volumeId) => volumeId !== action.volumeId),
      }));
      return `${action.volumeId} detached`;
    case "delete volume":
      await deleteVolume(action.volumeId);
      return "deleted";
  }
}

async function start(instance: Instance, shop: Workshop): Promise<void> {
  const { id, address, zone, attachments, firewall } = instance;
  const before = shop.machines.get(id);
  if (before) {
    await startMachine(id, address, firewall, attachments);
  } else {
    try {
      await makeMachine(
        shop.image,
        { instanceId: id, address, zone, ...(await firstBoot(shop.client, instance)) },
        firewall,
        attachments,
        sshLateSeconds(),
      );
    } catch (error) {
      await removeMachine(id); // the next try begins with nothing
      throw error;
    }
  }
  const volumeIds = attachments.map((attachment) => attachment.volumeId);
  await closeUnused(
    (before?.volumeIds ?? []).filter((volumeId) => !volumeIds.includes(volumeId)),
    id,
    shop,
  );
  shop.machines.set(id, { id, address, state: "running", volumeIds, firewall });
}

/**
 * Closes volumes that a machine gave up, except those that another one has, or is about to get, by
 * now. It comes before the machine's record changes: as long as that names a volume, the volume is
 * not deleted.
 */
async function closeUnused(
  volumeIds: readonly string[],
  givenUpBy: string,
  { machines, cloud }: Workshop,
): Promise<void> {
  const used = new Set([
    ...[...machines.values()].flatMap((machine) =>
      machine.id === givenUpBy ? [] : machine.volumeIds,
    ),
    ...(cloud()?.instances ?? []).flatMap((instance) =>
      instance.attachments.map((attachment) => attachment.volumeId),
    ),
  ]);
  for (const volumeId of volumeIds) if (!used.has(volumeId)) await closeVolume(volumeId);
}

function change(
  machines: Map<string, Machine>,
  id: string,
  difference: (machine: Machine) => Partial<Machine>,
): void {
  const machine = machines.get(id);
  if (machine) machines.set(id, { ...machine, ...difference(machine) });
}
