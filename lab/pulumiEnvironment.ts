import * as path from "node:path";
import { cacheDir, pulumiHome, stateDir } from "./paths.ts";

/** The one stack of the lab. */
export const stackName = "dev";

/**
 * Protects nothing: the lab's stack holds nothing worth protecting. Pulumi.dev.yaml's
 * encryptionsalt belongs to it.
 */
const passphrase = "lab";

/**
 * The environment in which the CLI works on the lab's stack: our CLI and Node 24 first on PATH,
 * state and plugins below .lab, no look-ups on the Internet. Credentials of real clouds are left
 * out, so that nothing here can reach one.
 */
export function pulumiEnvironment(cliDir: string): Record<string, string | undefined> {
  const foreign = Object.keys(process.env).filter((name) =>
    /^(AWS|CLOUDFLARE|CF|PULUMI)_/.test(name),
  );
  return {
    ...Object.fromEntries(foreign.map((name) => [name, undefined])),
    PATH: [cliDir, path.dirname(process.execPath), process.env.PATH].join(":"),
    NODE_COMPILE_CACHE: path.join(cacheDir, "node-compile"), // the program starts 0.3 s sooner
    PULUMI_HOME: pulumiHome,
    // Without side files for each object's metadata: they are written in place, and a run killed in
    // that moment leaves an empty one, after which every command ends with "failed to load
    // checkpoint: EOF" (seen after about 30 kills).
    PULUMI_BACKEND_URL: `file://${stateDir}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: passphrase,
    PULUMI_STACK: stackName,
    // the command provider fails on an agent that is gone, although it needs none
    SSH_AUTH_SOCK: undefined,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // With the lab's own plugins nothing is to be fetched; official ones (lab/plugins/install.ts)
    // the CLI fetches itself.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION:
      process.env.LAB_PLUGINS === "official" ? "false" : "true",
  };
}
