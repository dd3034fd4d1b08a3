// Runs the SDK's own host of dynamic resources, the project's, and ends with the CLI: one that was
// killed cannot say goodbye, and the SDK's host would wait for it for ever. Plain JavaScript, one
// file: it runs from the cache, away from this checkout.
import { createRequire, flushCompileCache } from "node:module";
import * as path from "node:path";

// From the launcher: a CLI killed before this line would be missed.
const cli = Number(process.env.ETCD_LAB_ENGINE ?? process.ppid);
setInterval(() => {
  if (process.ppid !== cli) process.exit(0);
}, 1_000).unref();
createRequire(path.join(process.cwd(), "package.json"))("@pulumi/pulumi/cmd/dynamic-provider");
// The engine kills this process at its end, so what was compiled is put by before: the next start
// is quicker.
setTimeout(() => flushCompileCache?.(), 1_000).unref();
