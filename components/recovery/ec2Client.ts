/** EC2 as the AWS provider reaches it, for look-ups of our own. */
import type { EC2, EC2ClientConfig } from "@aws-sdk/client-ec2";
import type { Setting } from "../engine/resource.ts";

/** One of `aws:assumeRoles`, as far as credentials are asked for with it. */
interface Role {
  readonly roleArn?: string;
  readonly sessionName?: string;
  readonly externalId?: string;
}

/**
 * With the same region (unless one is given), endpoint, credentials and roles as the provider that
 * the stack's configuration describes, else the SDK's usual chain. Answers or gives up within half
 * a minute a try.
 */
export async function ec2Client(setting: Setting, where?: string): Promise<EC2> {
  // a third of a second that a run without creations need not spend
  const { EC2 } = await import("@aws-sdk/client-ec2");
  const endpoint = endpointOf("ec2", setting);
  const region = where || setting("aws:region");
  const profile = setting("aws:profile");
  const credentials = await assumed(keysOf(setting), setting);
  return new EC2({
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
    ...(profile ? { profile } : {}),
    ...(credentials ? { credentials } : {}),
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
    },
  });
}

function endpointOf(service: "ec2" | "sts", setting: Setting): string | undefined {
  const endpoints = JSON.parse(setting("aws:endpoints") ?? "[]") as Record<string, string>[];
  return endpoints.find((e) => e[service])?.[service];
}

function keysOf(setting: Setting): EC2ClientConfig["credentials"] {
  const accessKeyId = setting("aws:accessKey");
  const secretAccessKey = setting("aws:secretKey");
  const sessionToken = setting("aws:token");
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) };
}

/** The credentials of the last of `aws:assumeRoles`, each assumed with those of the one before. */
async function assumed(
  credentials: EC2ClientConfig["credentials"],
  setting: Setting,
): Promise<EC2ClientConfig["credentials"]> {
  const roles = (JSON.parse(setting("aws:assumeRoles") ?? "[]") as Role[]).filter(
    ({ roleArn }) => roleArn,
  );
  if (roles.length === 0) return credentials;
  const { fromNodeProviderChain, fromTemporaryCredentials } =
    await import("@aws-sdk/credential-providers");
  const region = setting("aws:region");
  const endpoint = endpointOf("sts", setting);
  const profile = setting("aws:profile");
  let master = credentials ?? fromNodeProviderChain(profile ? { profile } : {});
  for (const { roleArn = "", sessionName = "etcd-on-ec2", externalId } of roles)
    master = fromTemporaryCredentials({
      masterCredentials: master,
      params: {
        RoleArn: roleArn,
        RoleSessionName: sessionName,
        ...(externalId ? { ExternalId: externalId } : {}),
      },
      clientConfig: { ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}) },
    });
  return master;
}
