import type { Instance } from "@aws-sdk/client-ec2";
import type { Call } from "../handler.ts";
import { waitForState } from "../polling.ts";
import { doing, ec2, unless } from "./client.ts";

const powerTimeoutMs = 10 * 60_000;
const terminateTimeoutMs = 20 * 60_000;

/** The machine as EC2 describes it, the ended one too while EC2 still shows it. */
export async function describeInstance(id: string): Promise<Instance | undefined> {
  const api = await ec2();
  const answer = await doing(`reading EC2 Instance (${id})`, () =>
    unless(["InvalidInstanceID.NotFound"], () => api.describeInstances({ InstanceIds: [id] })),
  );
  return answer?.Reservations?.[0]?.Instances?.[0];
}

/** The machine's state ("" when there is none) and EC2's reason for it. */
export async function instanceState(id: string): Promise<{ state: string; reason: string }> {
  const found = await describeInstance(id);
  return { state: found?.State?.Name ?? "", reason: found?.StateReason?.Message ?? "" };
}

export async function waitRunning(id: string, call: Call): Promise<void> {
  await waitUntil(id, "create", ["pending", ""], ["running"], powerTimeoutMs, call);
}

export async function stopInstance(id: string, call: Call): Promise<void> {
  const api = await ec2();
  await doing(`stopping EC2 Instance (${id})`, () => api.stopInstances({ InstanceIds: [id] }));
  await waitUntil(
    id,
    "stop",
    ["pending", "running", "shutting-down", "stopping"],
    ["stopped"],
    powerTimeoutMs,
    call,
  );
}

export async function startInstance(id: string, call: Call): Promise<void> {
  const api = await ec2();
  await doing(`starting EC2 Instance (${id})`, () => api.startInstances({ InstanceIds: [id] }));
  await waitUntil(id, "start", ["pending", "stopped"], ["running"], powerTimeoutMs, call);
}

/**
 * Ends a machine and waits until it is really over: only then are its interface and volumes free.
 */
export async function terminateInstance(id: string, call: Call): Promise<void> {
  const api = await ec2();
  await doing(`terminating EC2 Instance (${id})`, () =>
    unless(["InvalidInstanceID.NotFound"], () => api.terminateInstances({ InstanceIds: [id] })),
  );
  await waitUntil(
    id,
    "delete",
    ["pending", "running", "shutting-down", "stopping", "stopped"],
    ["terminated", ""],
    terminateTimeoutMs,
    call,
  );
}

async function waitUntil(
  id: string,
  verb: string,
  pending: string[],
  target: string[],
  timeoutMs: number,
  call: Call,
): Promise<void> {
  let reason = "";
  await waitForState(
    call,
    { what: `EC2 Instance (${id}) ${verb}`, pending, target, timeoutMs },
    async () => {
      const seen = await instanceState(id);
      reason = seen.reason;
      return seen.state;
    },
    () => reason,
  );
}
