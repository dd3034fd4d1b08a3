import { DescribeInstancesCommand } from "@aws-sdk/client-ec2";
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ec2Client } from "../lab/ec2/client.ts";

/**
 * Watches the lab's machines from outside, ten times a second; `stop` resolves with the time
 * (Date.now) at which the last one first answered SSH.
 */
export function watchSsh(): { stop(): Promise<number> } {
  const answered = new Map<string, number>();
  const ended = new AbortController();
  const watching = (async () => {
    const client = ec2Client("etcd-lab-reconciler"); // its calls are left out of the emulator's log
    while (!ended.signal.aborted) {
      const found = await client
        .send(
          new DescribeInstancesCommand({
            Filters: [{ Name: "instance-state-name", Values: ["running"] }],
          }),
        )
        .catch(() => undefined); // not up yet
      const addresses = (found?.Reservations ?? []).flatMap(({ Instances = [] }) =>
        Instances.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
      );
      await Promise.all(
        addresses
          .filter((address) => !answered.has(address))
          .map(async (address) => {
            if (await greets(address)) answered.set(address, Date.now());
          }),
      );
      await delay(100, undefined, { signal: ended.signal }).catch(() => undefined);
    }
    client.destroy();
  })();
  return {
    async stop() {
      ended.abort();
      await watching;
      return Math.max(...answered.values());
    },
  };
}

/** Whether an SSH server says its name within half a second. */
function greets(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 22, timeout: 500 });
    const end = (result: boolean) => {
      socket.destroy();
      resolve(result);
    };
    socket.on("data", (data) => end(data.toString("latin1").startsWith("SSH-")));
    socket
      .on("error", () => end(false))
      .on("timeout", () => end(false))
      .on("close", () => end(false));
  });
}
