import type * as pulumi from "@pulumi/pulumi";
import type { types } from "@pulumi/command";

/**
 * How this program reaches a node: the one place that knows. SSH may open minutes after the instance runs: 60 refused dials
 * are about 4 minutes with the provider's back-off (its default of 10 gives up after 11 s, pulumi-command issue 1238).
 */
export function sshConnection(host: pulumi.Input<string>, user: string, privateKey: pulumi.Input<string>): types.input.remote.ConnectionArgs {
  return { host, user, privateKey, dialErrorLimit: 60, perDialTimeout: 15 };
}
