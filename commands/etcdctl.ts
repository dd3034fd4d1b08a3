import { readFileSync } from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { command } from "../lab/command.ts";
import { passThrough } from "../lab/passThrough.ts";
import { projectDir } from "../lab/paths.ts";
import { stackName } from "../lab/pulumiEnvironment.ts";
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
  const { binDir } = await ensureEtcd(etcdVersion(), (line) => process.stderr.write(`${line}\n`));
  return passThrough(path.join(binDir, "etcdctl"), args, { ETCDCTL_ENDPOINTS: Object.values(endpoints).join(",") });
});

/** The stack's version, or the default of Pulumi.yaml. */
function etcdVersion(): string {
  const read = (file: string) => parse(readFileSync(path.join(projectDir, file), "utf8")) as { config?: Record<string, unknown> };
  const project = read("Pulumi.yaml").config?.etcdVersion as { default: string };
  return String(read(`Pulumi.${stackName}.yaml`).config?.["etcd:etcdVersion"] ?? project.default);
}
