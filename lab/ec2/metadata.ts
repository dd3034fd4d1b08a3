import {
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
} from "@aws-sdk/client-ec2";
import type { EC2Client } from "@aws-sdk/client-ec2";
import { addresses } from "../addresses.ts";
import { listen } from "../httpServer.ts";
import { macOf } from "../network.ts";
import { ec2Client } from "./client.ts";
import { MetadataService } from "./metadataService.ts";
import type { Described } from "./metadataTree.ts";

/**
 * Starts the metadata service at the gateway's address. Machines reach it at 169.254.169.254
 * through a rule of their namespace (firewall.ts): on the host that address may be a real
 * instance's own.
 */
export async function startMetadata(
  log: (line: string) => void,
): Promise<{ close(): Promise<void> }> {
  const client = ec2Client("etcd-lab-reconciler");
  const service = new MetadataService((address) => describe(client, address));
  const server = await listen(
    "The lab's instance metadata service",
    async (request, { incoming }) => {
      const source = (incoming.socket.remoteAddress ?? "").replace(/^::ffff:/, "");
      const response = await service
        .answer(request, source)
        .catch((error: Error) => new Response(error.message, { status: 500 }));
      log(`${source} ${request.method} ${new URL(request.url).pathname}  ${response.status}`);
      return response;
    },
    addresses.gateway,
    addresses.metadataPort,
  );
  return {
    close: async () => {
      await server.close();
      client.destroy();
    },
  };
}

/** Asked anew each time, so that a change of an instance shows at once. */
async function describe(client: EC2Client, address: string): Promise<Described | undefined> {
  const { Reservations = [] } = await client.send(
    new DescribeInstancesCommand({
      Filters: [
        { Name: "private-ip-address", Values: [address] },
        { Name: "instance-state-name", Values: ["pending", "running", "stopping"] },
      ],
    }),
  );
  const [{ OwnerId = "", Instances: [found] = [] } = {}] = Reservations;
  if (!found?.InstanceId) return undefined;
  const [attribute, keys] = await Promise.all([
    client.send(
      new DescribeInstanceAttributeCommand({ InstanceId: found.InstanceId, Attribute: "userData" }),
    ),
    found.KeyName
      ? client.send(
          new DescribeKeyPairsCommand({ KeyNames: [found.KeyName], IncludePublicKey: true }),
        )
      : undefined,
  ]);
  const options = found.MetadataOptions ?? {};
  return {
    instanceId: found.InstanceId,
    address,
    zone: found.Placement?.AvailabilityZone ?? "",
    imageId: found.ImageId ?? "",
    instanceType: found.InstanceType ?? "",
    architecture: found.Architecture ?? "",
    accountId: OwnerId,
    mac: macOf(address),
    launchTime: found.LaunchTime?.toISOString() ?? "",
    securityGroups: (found.SecurityGroups ?? []).flatMap((group) => group.GroupName ?? []),
    ...(found.KeyName
      ? { key: { name: found.KeyName, publicKey: keys?.KeyPairs?.[0]?.PublicKey?.trim() ?? "" } }
      : {}),
    userData: Buffer.from(attribute.UserData?.Value ?? "", "base64"),
    tags: Object.fromEntries((found.Tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value])),
    options: {
      endpoint: options.HttpEndpoint === "disabled" ? "disabled" : "enabled",
      tokens: options.HttpTokens === "required" ? "required" : "optional",
      tags: options.InstanceMetadataTags === "enabled" ? "enabled" : "disabled",
    },
  };
}
