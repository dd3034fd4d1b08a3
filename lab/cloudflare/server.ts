import { addresses, otherZone } from "../addresses.ts";
import { Publisher, powerDnsTarget } from "../dns/publisher.ts";
import { nameServers } from "../faultKinds.ts";
import { faults } from "../faults.ts";
import { listen } from "../httpServer.ts";
import { cloudflareApp } from "./app.ts";
import { RecordStore, loadRecords, otherRecordFile, saveRecords } from "./store.ts";

/**
 * Starts the Cloudflare emulator on loopback and keeps the nameservers equal to the records of
 * their zone. The nameservers may come later or go away meanwhile. Throws when the port is taken.
 */
export async function startCloudflare(
  log: (line: string) => void,
): Promise<{ close(): Promise<void> }> {
  const records = loadRecords();
  const publishers = nameServers.map(
    (server) => new Publisher(powerDnsTarget(server), records, () => faults.active(), log),
  );
  const store = new RecordStore(records, (changed) => {
    saveRecords(changed);
    for (const publisher of publishers) publisher.change(changed);
  });
  const elsewhere = new RecordStore(
    loadRecords(otherRecordFile),
    (changed) => saveRecords(changed, otherRecordFile),
    undefined,
    otherZone,
  );
  const stopListening = faults.onChange(async (change) => {
    await Promise.all(
      publishers.map((publisher) =>
        change === "removed" ? publisher.catchUp() : publisher.refresh(),
      ),
    );
  });
  const app = cloudflareApp({
    stores: [store, elsewhere],
    takeFailure: (request) => faults.takeApiFailure("cloudflare", request),
    log,
  });
  const server = await listen(
    "The Cloudflare emulator",
    app.fetch,
    "127.0.0.1",
    addresses.cloudflarePort,
  );
  for (const publisher of publishers) void publisher.refresh();
  return {
    close: async () => {
      stopListening();
      await server.close();
      await Promise.all(publishers.map((publisher) => publisher.close()));
    },
  };
}
