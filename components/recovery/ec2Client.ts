/** EC2 as the AWS provider reaches it, for look-ups of our own. */
import type { EC2 } from "@aws-sdk/client-ec2";
import type { Setting } from "../engine/resource.ts";

/**
 * With the same region (unless one is given), endpoint and credentials as the provider: from its
 * configuration, else the SDK's usual chain. Answers or gives up within half a minute a try.
 */
export async function ec2Client(setting: Setting, where?: string): Promise<EC2> {
  // a third of a second that a run without creations need not spend
  const { EC2 } = await import("@aws-sdk/client-ec2");
  const endpoints: { ec2?: string }[] = JSON.parse(setting("aws:endpoints") ?? "[]");
  const endpoint = endpoints.find((e) => e.ec2)?.ec2;
  const region = where || setting("aws:region");
  const profile = setting("aws:profile");
  const accessKeyId = setting("aws:accessKey");
  const secretAccessKey = setting("aws:secretKey");
  const sessionToken = setting("aws:token");
  return new EC2({
    ...(region ? { region } : {}),
    ...(endpoint ? { endpoint } : {}),
    ...(profile ? { profile } : {}),
    ...(accessKeyId && secretAccessKey
      ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } }
      : {}),
    requestHandler: {
      connectionTimeout: 5000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
    },
  });
}
