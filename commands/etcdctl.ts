import * as path from "node:path";
import { command } from "../lab/command.ts";
import { etcdVersion } from "../lab/etcdVersion.ts";
import { passThrough } from "../lab/passThrough.ts";
import { stackOutputs } from "../lab/stackOutputs.ts";
import { ensureEtcd } from "../lab/toolchain/etcd.ts";

const help = `
npm run etcdctl -- ARGS

etcdctl of the stack's etcd version, with the endpoints of all members set.

  npm run etcdctl -- put colour blue
  npm run etcdctl -- get colour
  npm run etcdctl -- endpoint status -w table
`;

await command("etcdctl", help, async (args) => {
  const { endpoints } = await stackOutputs();
  const { binDir } = await ensureEtcd(await etcdVersion(), (line) => process.stderr.write(`${line}\n`));
  return passThrough(path.join(binDir, "etcdctl"), args, { ETCDCTL_ENDPOINTS: Object.values(endpoints).join(",") });
});
