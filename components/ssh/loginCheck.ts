/**
 * Before Chef runs on a machine: does it show its lasting key, and let us in? The command provider
 * tries 16 times whatever it is told (about 45 s), and then names neither node nor address. Another
 * key and a refused log-in do not heal by trying, so they are found here, by one attempt.
 */
import * as pulumi from "@pulumi/pulumi";
import type { types } from "@pulumi/command";
import type { ClusterContext } from "../clusterContext.ts";
import { directDialler, type Dialler } from "./dialler.ts";
import { fingerprintOf, openPinned, type Attempt } from "./pinnedSsh.ts";
import type { PinnedLogin } from "./memberAccess.ts";

/** A machine that says nothing may be booting: the provider waits for it. */
const attemptMs = 5_000;

/** What is said of the machine that was asked. */
export interface Asked {
  /** Name of the member. */
  readonly node: string;
  /** Logical name of its instance. */
  readonly instance: string;
}

/** A hook for before the creation or update of what connects to a member's machine. */
export function loginCheck(
  { name }: ClusterContext,
  node: string,
  connection: types.input.remote.ConnectionArgs,
): pulumi.ResourceHook {
  const { host, hostKey, user, privateKey } = connection;
  const login = pulumi.output({ host, hostKey, user, privateKey });
  return new pulumi.ResourceHook(`${name}-${node}-lets-us-in`, async ({ name: resource }) => {
    const known = await new Promise<unknown>((resolve) => login.apply(resolve));
    const problem = await whyNotIn(
      { node, instance: `${name}-${node}-instance` },
      known as PinnedLogin, // sshConnection sets all four
    );
    if (problem) throw new Error(`${resource}: ${problem}`);
  });
}

/** Tries once. Says what will not heal by trying again, "" for all else. Never rejects. */
export async function whyNotIn(
  asked: Asked,
  login: PinnedLogin,
  dialler: Dialler = directDialler(login.host),
): Promise<string> {
  const attempt = await openPinned(dialler, login, [login.hostKey], attemptMs);
  attempt.client?.end();
  return refusalIn(asked, login, attempt);
}

/** Pure. */
export function refusalIn(
  { node, instance }: Asked,
  { host, user, hostKey }: Pick<PinnedLogin, "host" | "user" | "hostKey">,
  { foreignKey, refused, problem }: Pick<Attempt, "foreignKey" | "refused" | "problem">,
): string {
  if (foreignKey)
    return (
      `the machine at ${host} is not the one of ${node}: its SSH host key is another ` +
      `(${fingerprintOf(foreignKey)}; expected ${fingerprintOf(hostKey)}). Nothing was sent to ` +
      "it. Something else answers at this address, or stands in between, or the key was made " +
      'anew on the machine; see "host key" in docs/troubleshooting.md. A machine that is to be ' +
      `replaced: pulumi up --replace '**${instance}'`
    );
  if (refused)
    return (
      `the machine of ${node} (${host}) does not let ${user} in by SSH: ${problem}. ` +
      "sshUser has to be the image's user with sudo, and the key of sshPrivateKey one that this " +
      `machine was made with; look at ~${user}/.ssh/authorized_keys there. Then pulumi up again`
    );
  return "";
}
