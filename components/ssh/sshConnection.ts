import type * as pulumi from "@pulumi/pulumi";
import type { types } from "@pulumi/command";
import type { Login } from "./nodeAccess.ts";

/**
 * How this program reaches a node after the first contact: the one place that knows (pinnedSsh.ts
 * is for the first contact alone). The machine has let us in before, but may be booting again: 16
 * failed dials are about 45 s of refusals with the provider's back-off (its default of 10 gives up
 * after 11 s, pulumi-command issue 1238). It tries what cannot heal as often, another host key and
 * a refused log-in: loginCheck.ts finds those right before.
 */
export function sshConnection(
  host: pulumi.Input<string>,
  hostKey: pulumi.Input<string>,
  { user, privateKey }: Login,
): types.input.remote.ConnectionArgs {
  return { host, hostKey, user, privateKey, dialErrorLimit: 16, perDialTimeout: 15 };
}
