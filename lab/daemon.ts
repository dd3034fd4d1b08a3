import * as fs from "node:fs";
import { startCloudflare } from "./cloudflare/server.ts";
import { startControl } from "./control.ts";
import { daemonPidFile } from "./daemonProcess.ts";
import { startMetadata } from "./ec2/metadata.ts";
import { startReconciler } from "./ec2/reconciler.ts";
import { imageNames } from "./images.ts";
import { startMirror } from "./mirror.ts";

// The lab's one process on the host: the Cloudflare emulator, the etcd mirror, the instance
// metadata service, the reconciler of machines, and last, because its answer means that all are
// ready, the control interface. lab/daemonProcess.ts starts it as root, its output is
// .lab/logs/daemon.log.

const logOf = (part: string) => (line: string) => {
  process.stdout.write(`${new Date().toISOString()} ${part} ${line}\n`);
};
const log = logOf("daemon");
const images = await imageNames();
const parts = [
  await startCloudflare(logOf("cloudflare")),
  await startMirror(logOf("mirror")),
  await startMetadata(logOf("metadata")),
  startReconciler(images, logOf("ec2")),
  await startControl(logOf("control")),
];
log(`ready, process ${process.pid}`);

let stopping = false;
async function stop(reason: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  log(`stopping: ${reason}`);
  setTimeout(() => process.exit(1), 10_000).unref();
  await Promise.allSettled(parts.toReversed().map((part) => part.close()));
  process.exit(0);
}
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));
process.on("unhandledRejection", (error) =>
  log(`unhandled: ${error instanceof Error ? error.stack : error}`),
);

// Somebody removed .lab, or started another daemon: this one has no business left.
setInterval(() => {
  const owner = fs.existsSync(daemonPidFile) ? fs.readFileSync(daemonPidFile, "utf8") : "";
  if (Number(owner.split(" ")[0]) !== process.pid)
    void stop("the pid file is no longer this daemon's");
}, 2_000).unref();
