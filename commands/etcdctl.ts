import * as fs from "node:fs/promises";
import * as path from "node:path";
import { command } from "../lab/command.ts";
import { etcdVersion } from "../lab/etcdVersion.ts";
import { passThrough } from "../lab/passThrough.ts";
import { keyDir } from "../lab/paths.ts";
import { stackOutputs, type StackOutputs } from "../lab/stackOutputs.ts";
import { ensureEtcd } from "../lab/toolchain/etcd.ts";

const help = `
npm run etcdctl -- ARGS

etcdctl of the stack's etcd version, with the endpoints of all members and the operator's certificate set.

  npm run etcdctl -- put colour blue
  npm run etcdctl -- get colour
  npm run etcdctl -- endpoint status -w table
`;

await command("etcdctl", help, async (args) => {
  const { endpoints, identity } = await stackOutputs();
  const { binDir } = await ensureEtcd(await etcdVersion(), (line) =>
    process.stderr.write(`${line}\n`),
  );
  return passThrough(path.join(binDir, "etcdctl"), args, {
    ETCDCTL_ENDPOINTS: Object.values(endpoints).join(","),
    ...(await identityFiles(identity)),
  });
});

/**
 * Writes the operator's identity, anew each time because it is renewed, and names the files to
 * etcdctl.
 */
async function identityFiles(identity: StackOutputs["identity"]): Promise<Record<string, string>> {
  if (!identity) return {};
  const files = {
    ETCDCTL_CACERT: ["ca.crt", identity.ca],
    ETCDCTL_CERT: ["operator.crt", identity.certificate],
    ETCDCTL_KEY: ["operator.key", identity.privateKey],
  } as const;
  return Object.fromEntries(
    await Promise.all(
      Object.entries(files).map(async ([variable, [name, pem]]) => {
        const file = path.join(keyDir, name);
        await fs.writeFile(file, pem, { mode: 0o600 });
        return [variable, file] as const;
      }),
    ),
  );
}
