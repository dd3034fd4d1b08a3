import { EC2Client } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../addresses.ts";

/**
 * A client of the lab's EC2 emulator. The name given ends up in the User-Agent header: the emulator
 * leaves the calls of "etcd-lab-reconciler" out of its log.
 */
export function ec2Client(userAgent: string): EC2Client {
  return new EC2Client({
    region: vpc.region,
    endpoint: `http://127.0.0.1:${addresses.ec2Port}`,
    // The emulator checks no signature, but the SDK signs nothing without a key.
    credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
    customUserAgent: userAgent,
    // Without these a lost answer would stop the reconciler for good.
    requestHandler: {
      connectionTimeout: 2000,
      requestTimeout: 15_000,
      throwOnRequestTimeout: true,
    },
    // callers poll anyway, and an attempt in the dark would only hide that the emulator is down
    maxAttempts: 1,
  });
}
