/** A volume as EC2 says it is attached. */
export interface Attachment {
  readonly volumeId: string;
  /** The name asked for, such as /dev/sdf. Nitro machines show another; it only gives the order. */
  readonly device: string;
  readonly sizeGiB: number;
}

/** An instance that EC2 lists and that is not terminated. */
export interface Instance {
  readonly id: string;
  /** The Name tag, for the log. */
  readonly name?: string;
  readonly state: "running" | "stopped";
  readonly address: string;
  readonly zone: string;
  readonly keyName?: string;
  /**
   * Rules of the instance's security groups, and its way to the metadata service, as the firewall
   * of its machine.
   */
  readonly firewall: string;
  /** Data volumes; the root volume is the container's own file system. */
  readonly attachments: readonly Attachment[];
}

/** What EC2 says there should be. */
export interface Cloud {
  readonly instances: readonly Instance[];
  /** All volumes, attached or not. */
  readonly volumeIds: readonly string[];
}

/** What there is: the container of an instance. */
export interface Machine {
  readonly id: string;
  readonly address: string;
  readonly state: "running" | "stopped";
  /** Volumes whose device nodes the machine has, or had when it stopped. */
  readonly volumeIds: readonly string[];
  /** The firewall it got last; undefined for one that an earlier process made. */
  readonly firewall?: string;
}

export type Action =
  | { readonly do: "start"; readonly instance: Instance }
  | { readonly do: "stop"; readonly id: string }
  | { readonly do: "remove"; readonly id: string }
  | { readonly do: "filter"; readonly id: string; readonly firewall: string }
  | { readonly do: "attach"; readonly id: string; readonly attachment: Attachment }
  | { readonly do: "detach"; readonly id: string; readonly volumeId: string }
  | { readonly do: "delete volume"; readonly volumeId: string };

/** What there is on this host. */
export interface Host {
  readonly machines: readonly Machine[];
  /** Volumes that have a file. */
  readonly volumeIds: readonly string[];
}

/** What an action works on; the reconciler runs one action for each subject at a time. */
export function subject(action: Action): string {
  switch (action.do) {
    case "start":
      return action.instance.id;
    case "delete volume":
      return action.volumeId;
    default:
      return action.id;
  }
}

/**
 * The steps from what there is to what EC2 says there should be. They can run at the same time,
 * except those with the same subject.
 */
export function plan(cloud: Cloud, host: Host): Action[] {
  const machines = new Map(host.machines.map((machine) => [machine.id, machine]));
  const wanted = new Set(cloud.instances.map((instance) => instance.id));
  const heldBy = new Map(host.machines.map((machine) => [machine.address, machine.id]));
  const inUse = new Set(host.machines.flatMap((machine) => machine.volumeIds));
  return [
    ...host.machines
      .filter((machine) => !wanted.has(machine.id))
      .map((machine): Action => ({ do: "remove", id: machine.id })),
    ...cloud.instances.flatMap((instance) =>
      forInstance(instance, machines.get(instance.id), heldBy.get(instance.address)),
    ),
    ...host.volumeIds
      .filter((id) => !cloud.volumeIds.includes(id) && !inUse.has(id))
      .map((id): Action => ({ do: "delete volume", volumeId: id })),
  ];
}

function forInstance(
  instance: Instance,
  machine: Machine | undefined,
  holder: string | undefined,
): Action[] {
  const { id, attachments } = instance;
  const gone = (machine?.volumeIds ?? []).filter(
    (volumeId) => !attachments.some((attachment) => attachment.volumeId === volumeId),
  );
  const detach = gone.map((volumeId): Action => ({ do: "detach", id, volumeId }));
  if (instance.state === "stopped")
    return machine?.state === "running" ? [{ do: "stop", id }] : detach;
  if (machine?.state !== "running") {
    // A successor on the same interface waits until its predecessor's machine is gone.
    return holder === undefined || holder === id ? [{ do: "start", instance }] : [];
  }
  // Before anything else: a port that was closed is closed now.
  const filter: Action[] =
    machine.firewall === instance.firewall
      ? []
      : [{ do: "filter", id, firewall: instance.firewall }];
  const added = attachments.filter(
    (attachment) => !machine.volumeIds.includes(attachment.volumeId),
  );
  return [
    ...filter,
    ...detach,
    ...added.map((attachment): Action => ({ do: "attach", id, attachment })),
  ];
}
