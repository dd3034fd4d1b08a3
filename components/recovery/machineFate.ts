/**
 * Whether a machine is gone, as the AWS provider would see it. Its deletion asks before the machine
 * may leave, so a doubt is no. Runs inside dynamic providers.
 */
import type { Dialler } from "../ssh/dialler.ts";
import type { Setting } from "../engine/resource.ts";
import { ec2Client } from "./ec2Client.ts";

export interface Fate {
  readonly is: "gone" | "there" | "unknown";
  /** How that is known, or why not, as the end of a sentence. */
  readonly words: string;
}

/**
 * Asks EC2. An id that it does not know is gone only where `volumeId`, the machine's data volume,
 * is known there: else it is asked in another account or region. Never throws.
 */
export async function machineFate(
  instanceId: string,
  volumeId: string,
  setting: Setting,
): Promise<Fate> {
  try {
    const ec2 = await ec2Client(setting);
    try {
      const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [instanceId] });
      const state = Reservations[0]?.Instances?.[0]?.State?.Name;
      if (state === "terminated" || state === "shutting-down")
        return { is: "gone", words: `EC2 says ${state}` };
      if (state) return { is: "there", words: `EC2 says ${state}` };
      return { is: "unknown", words: `EC2 says nothing of ${instanceId}` };
    } catch (e) {
      if ((e as Error).name !== "InvalidInstanceID.NotFound") throw e;
      await ec2.describeVolumes({ VolumeIds: [volumeId] });
      return { is: "gone", words: `EC2 does not know it, but its volume ${volumeId}` };
    } finally {
      ec2.destroy();
    }
  } catch (e) {
    const { name, message } = e as Error;
    return {
      is: "unknown",
      words: `EC2 could not be asked for ${instanceId}: ${name}: ${message}`,
    };
  }
}

/** How long a port may take to answer, in milliseconds. */
const answerMs = 3000;

/** Whether anything answers at a port: a refusal is an answer, too. */
export async function answers(way: Dialler, port: number): Promise<boolean> {
  const { connect } = await import("node:net");
  const dialled = await way.dial(port);
  try {
    return await new Promise((resolve) => {
      const socket = connect({ host: dialled.host, port: dialled.port, timeout: answerMs });
      const end = (answered: boolean) => {
        socket.destroy();
        resolve(answered);
      };
      socket.once("connect", () => end(true));
      socket.once("timeout", () => end(false));
      // No way there from here says nothing of the machine.
      socket.once("error", ({ code }: NodeJS.ErrnoException) => end(code !== "EHOSTUNREACH"));
    });
  } finally {
    dialled.close();
  }
}
