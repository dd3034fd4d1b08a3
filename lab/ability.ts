import { existsSync } from "node:fs";
import { missingCommands } from "./prerequisites.ts";
import { run, runAsRoot } from "./shell.ts";

/** Capabilities (bits of CapEff) without which machines and their network cannot be made. */
const capabilities = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n, CAP_MKNOD: 27n } as const;

/** Why this machine cannot run the lab, in words that end a sentence; undefined when it can. Asks for no password, installs nothing. */
export async function whyNoLab(): Promise<string | undefined> {
  if (process.platform !== "linux") return `it needs Linux (this is ${process.platform}).`;
  if (process.getuid?.() !== 0 && !await run("sudo", ["-n", "true"]).then(() => true, () => false)) {
    return "it needs root. Run npm test as root, or run `sudo -v` before it.";
  }
  const status = await runAsRoot("cat", ["/proc/self/status"]);
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const lacking = Object.entries(capabilities).filter(([, bit]) => (effective >> bit & 1n) === 0n).map(([name]) => name);
  if (lacking.length > 0) return `root lacks ${lacking.join(", ")} here (a container without privileges?).`;
  if (!existsSync("/dev/loop-control")) return "there is no /dev/loop-control, which loop devices need (modprobe loop).";
  const missing = await missingCommands();
  if (missing.length > 0 && (await missingCommands([{ command: "apt-get", apt: "apt", dnf: "apt" }])).length > 0) {
    return `${missing.map(({ command }) => command).join(", ")} are missing and there is no apt-get to install them. Install them: ${missing.map(({ dnf }) => dnf).join(" ")}.`;
  }
  return undefined;
}
