/**
 * Pulumi's mocks with what every component test needs: what was registered, with which inputs and
 * options.
 */
import * as pulumi from "@pulumi/pulumi";
import { makeAuthority } from "../../components/pki/certificates.ts";

export interface Registered {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** What the program asked a provider for. */
export interface LookUp {
  readonly token: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Outputs that a resource of this name has in place of its usual ones. */
export type Anew = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a resource has beside its inputs. */
type Computed = (
  name: string,
  inputs: Readonly<Record<string, unknown>>,
) => Readonly<Record<string, unknown>>;

const privateKey = "marker-of-the-private-key";

let authority: Promise<{ readonly certificate: string }> | undefined;

/**
 * Answers like a cloud would: ids and addresses that depend on the name only, and one CA. Look-ups
 * are noted, too, where a list for them is given.
 */
export async function recordResources(
  lookUps: LookUp[] = [],
  anew: Anew = {},
): Promise<Registered[]> {
  const registered: Registered[] = [];
  authority ??= makeAuthority("mock", 3650);
  const { certificate } = await authority;
  const computed: Readonly<Record<string, Computed>> = {
    NetworkInterface: (name) => ({ privateIp: addressOf(name) }),
    DnsReadiness: (name) => ({ openedAt: `opened-${name}` }),
    HostKey: (name) => ({ publicKey: `ssh-ed25519 lasting-of-${name}`, privateKey }),
    HostKeySeed: () => ({ seed: "5eed".repeat(16) }),
    Incarnation: () => ({ word: "0a1b2c" }),
    ClusterHealth: () => ({ clusterId: "c1" }),
    CertificateAuthority: () => ({ certificate, privateKey }),
    Certificate: (name) => ({ certificate: `certificate of ${name}`, privateKey }),
    Founders: (_name, inputs) => ({ founding: "f0f0", founders: foundersIn(inputs) }),
  };
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        registered.push({ type, name, inputs });
        const more = computed[type.split(":").at(-1) ?? ""]?.(name, inputs);
        // the word is the id
        const id = type.endsWith("etcd:Incarnation") ? "0a1b2c" : `${name}-id`;
        return { id, state: { ...inputs, ...more, ...anew[name] } };
      },
      call: ({ token, inputs }) => {
        lookUps.push({ token, inputs });
        if (token === "aws:index/getCallerIdentity:getCallerIdentity")
          return { accountId: "123456789012" };
        return token === "aws:ec2/getAmi:getAmi"
          ? { ...inputs, id: "ami-looked-up" }
          : {
              ...inputs,
              id: inputs.id ?? `subnet-default-${inputs.availabilityZone}`,
              vpcId: "vpc-1",
            };
      },
    },
    "etcd",
    "test",
  );
  // The SDK's mock monitor knows no resource hooks: without an answer their registration, and with
  // it every resource, would wait for ever.
  const monitor = pulumi.runtime.getMonitor() as unknown as Record<string, unknown>;
  monitor.registerResourceHook = (_request: unknown, done: (error: null, reply: object) => void) =>
    done(null, {});
  return registered;
}

/** The address that the mocks give to a node's interface ("etcd-a-interface" → 10.0.0.97). */
export function addressOf(interfaceName: string): string {
  return `10.0.0.${interfaceName.charCodeAt("etcd-".length)}`;
}

/** As the record of the founding has them. */
function foundersIn({ addresses, machineIds, volumeIds }: Record<string, unknown>) {
  const [address, machine, volume] = [addresses, machineIds, volumeIds].map((byName) =>
    Object.entries((byName ?? {}) as Record<string, string>),
  );
  return Object.fromEntries(
    (address ?? []).map(([name, own], i) => [
      name,
      { address: own, machine: machine?.[i]?.[1], volume: volume?.[i]?.[1] },
    ]),
  );
}

export function promiseOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}

/**
 * Resolves when every registration has come to its end: awaiting one output would not wait for its
 * siblings. The SDK waits like this before a program ends, but its types do not say so.
 */
export async function settled(): Promise<void> {
  const { waitForRPCs } = pulumi.runtime as unknown as { waitForRPCs(): Promise<void> };
  await waitForRPCs();
}
