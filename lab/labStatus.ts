import type { LabStatus } from "./control.ts";
import { control } from "./controlClient.ts";

/**
 * Prints what runs, what each name server answers with, what the Cloudflare emulator holds, and the
 * faults that are on.
 */
export async function showStatus(): Promise<void> {
  const { containers, dns, cloudflare, faults } = await control<LabStatus>("GET", "/status");
  const lines = [
    "containers",
    ...containers.map(({ name, state }) => `  ${name.padEnd(34)} ${state}`),
  ];
  lines.push("Cloudflare emulator", ...listOf(cloudflare));
  for (const [server, seen] of Object.entries(dns)) {
    lines.push("error" in seen ? `${server}  ${seen.error}` : `${server}  serial ${seen.serial}`);
    if (!("error" in seen)) lines.push(...listOf(seen.records));
  }
  lines.push("faults", ...listOf(faults.map(({ id, fault }) => `${id} ${JSON.stringify(fault)}`)));
  process.stdout.write(`${lines.join("\n")}\n`);
}

const listOf = (items: readonly string[]) =>
  items.length === 0 ? ["  none"] : items.map((item) => `  ${item}`);
