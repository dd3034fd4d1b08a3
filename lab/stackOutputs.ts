import { readFileSync } from "node:fs";
import * as path from "node:path";
import { keyDir, projectDir, stateDir } from "./paths.ts";
import { pulumiEnvironment, stackName } from "./pulumiEnvironment.ts";
import { run } from "./shell.ts";
import { ensureCli } from "./toolchain/cli.ts";

/** What index.ts exports, as far as the commands use it. */
export interface StackOutputs {
  readonly discoveryDomain: string;
  /** Client URL by member name. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Peer URL by member name. */
  readonly peerUrls: Readonly<Record<string, string>>;
  readonly sshUser: string;
  /** SSH host key by member name, as it stands in known_hosts. */
  readonly hostKeys: Readonly<Record<string, string>>;
  /** The operator's certificate and key and the CA, PEM; undefined without TLS. */
  readonly identity:
    { readonly ca: string; readonly certificate: string; readonly privateKey: string } | undefined;
}

/** The private key that opens the machines. */
export const sshKeyFile = path.join(keyDir, "admin");

/** Reads the outputs of the lab's stack. Throws, saying what to do, when there is no cluster. */
export async function stackOutputs(): Promise<StackOutputs> {
  if (!hasStack()) throw new Error("there is no cluster here; `npm run up` makes one");
  const cli = await ensureCli((line) => process.stderr.write(`${line}\n`));
  const text = await run(
    path.join(cli, "pulumi"),
    ["stack", "output", "--json", "--show-secrets", "--stack", stackName],
    { cwd: projectDir, env: pulumiEnvironment(cli) },
  );
  const outputs = JSON.parse(text) as Partial<StackOutputs> & {
    caCertificate?: string;
    clientCertificate?: string;
    clientPrivateKey?: string;
  };
  if (
    !outputs.endpoints ||
    !outputs.peerUrls ||
    !outputs.sshUser ||
    !outputs.hostKeys ||
    !outputs.discoveryDomain
  ) {
    throw new Error(
      "the stack has no finished cluster: the last `npm run up` did not reach its end; " +
        "run it again, it goes on from there",
    );
  }
  const {
    caCertificate: ca,
    clientCertificate: certificate,
    clientPrivateKey: privateKey,
  } = outputs;
  return {
    ...(outputs as StackOutputs),
    identity: ca && certificate && privateKey ? { ca, certificate, privateKey } : undefined,
  };
}

function hasStack(): boolean {
  try {
    return (
      readFileSync(path.join(stateDir, ".pulumi", "stacks", "etcd", `${stackName}.json`)).length > 0
    );
  } catch {
    return false;
  }
}
