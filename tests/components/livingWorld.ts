/**
 * A cluster in service as a deletion of ours sees it: its machine runs, its disk is in use, clients
 * are sent to it, and something of each other kind bears its mark. What is asked is answered; what
 * would change anything is noted, and refused.
 */
import { HostKeySeed } from "../../components/ssh/hostKey.ts";
import { secret } from "../../lab/plugins/values.ts";
import { startDynamicProvider } from "../provider/dynamicProvider.ts";
import { startFakeCloudflare } from "../provider/fakeCloudflare.ts";
import { startFakeEc2 } from "../provider/fakeEc2.ts";

export interface LivingWorld {
  /** Deletes a resource as the engine does, by the provider that its outputs hold as text. */
  deletion(outputs: Readonly<Record<string, unknown>>): Promise<Deletion>;
  close(): Promise<void>;
}

export interface Deletion {
  /** How many questions it asked. */
  readonly questions: number;
  /** What it wanted to change. */
  readonly changes: readonly string[];
  /** Why it failed; "" when it did not. */
  readonly refusal: string;
}

const tags = "<tagSet><item><key>Name</key><value>a.etcd.test</value></item></tagSet>";
const found = {
  DescribeInstances:
    "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>" +
    `<instanceState><name>running</name></instanceState>${tags}</item></instancesSet></item>` +
    "</reservationSet>",
  DescribeVolumes:
    "<volumeSet><item><volumeId>vol-1</volumeId><status>in-use</status></item></volumeSet>",
  DescribeNetworkInterfaces:
    "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId>" +
    "<status>available</status></item></networkInterfaceSet>",
  DescribeAddresses:
    "<addressesSet><item><allocationId>eipalloc-1</allocationId></item></addressesSet>",
  DescribeSecurityGroups:
    "<securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo>",
  DescribeKeyPairs: "<keySet><item><keyPairId>key-1</keyPairId></item></keySet>",
};

/** `comment`: the mark on the records that send clients to its members, which speak TLS. */
export async function livingWorld(
  domain: string,
  members: readonly string[],
  comment: string,
): Promise<LivingWorld> {
  const [ec2, cloudflare] = await Promise.all([startFakeEc2(), startFakeCloudflare()]);
  const clients = members.map((member, i) => ({
    id: String(i + 1).repeat(32),
    type: "SRV",
    name: `_etcd-client-ssl._tcp.${domain}`,
    content: `0 2379 ${member}.${domain}`,
    comment,
    data: { target: `${member}.${domain}`, port: 2379 },
  }));
  const config = {
    "aws:region": "us-east-1",
    "aws:accessKey": "lab",
    "aws:secretKey": "lab-secret",
    "aws:endpoints": JSON.stringify([{ ec2: ec2.endpoint }]),
    "cloudflare:baseUrl": cloudflare.baseUrl,
    "cloudflare:apiToken": secret("token"),
  };
  // Any resource will do: each call brings its own provider's text.
  const provider = await startDynamicProvider(() => new HostKeySeed("any"), config);
  return {
    async deletion(outputs) {
      ec2.calls.length = 0;
      cloudflare.requests.length = 0;
      ec2.script = found;
      cloudflare.next.push({ status: 200, body: { success: true, result: clients } });
      const refusal = await provider.delete("the-id", { ...outputs }).then(
        () => "",
        (e: Error) => e.message,
      );
      cloudflare.next.length = 0;
      const asked = [
        ...ec2.actions(),
        ...cloudflare.requests.map(({ method, path }) => `${method} ${path}`),
      ];
      const changes = asked.filter((one) => !/^(Describe|GET )/.test(one));
      return { questions: asked.length - changes.length, changes, refusal };
    },
    async close() {
      provider.close();
      await Promise.all([ec2.close(), cloudflare.close()]);
    },
  };
}
