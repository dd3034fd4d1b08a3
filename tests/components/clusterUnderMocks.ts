/** One cluster of any shape, built under mocks, and what it registered. */
import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { promiseOf, recordResources, settled, type LookUp, type Registered } from "./mocks.ts";

/** Settings as the stack holds them that make a cluster of three, and nothing unusual. */
const usual = {
  domain: "etcd.test",
  zoneId: "0".repeat(32),
  nodes: nodesNamed("abc"),
  tls: "true",
  certificateDays: "365",
  renewBeforeDays: "60",
  publicAddress: "false",
  sshFrom: ["10.0.0.0/8"],
  clientsFrom: ["10.1.0.0/16"],
  openToTheWorld: "false",
  ami: "",
  architecture: "amd64",
  instanceType: "t3.medium",
  dataVolumeGb: "20",
  sshUser: "admin",
  etcdVersion: "3.6.14",
  etcdMirror: "https://mirror.test",
  etcdChecksums: "pinned",
  ttl: "60",
  dnsTimeout: "120",
  bootstrapTimeout: "900",
  healthTimeout: "60",
  nameservers: ["10.0.0.53"],
};
export type SettingsText = Partial<Record<keyof typeof usual | "subnets", unknown>>;

export interface Authority {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface BuiltCluster {
  readonly registered: readonly Registered[];
  readonly lookUps: readonly LookUp[];
  /** What each resource says it depends on, by name. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** The one resource of this name; fails when there is none. */
  one(name: string): Registered;
}

/** Members of these one-letter names, spread over three availability zones. */
export function nodesNamed(letters: string): Record<string, { zone: string }> {
  return Object.fromEntries(
    [...letters].map((name, i) => [name, { zone: `us-east-1${"abc"[i % 3]}` }]),
  );
}

/** Builds a cluster named "etcd" with settings that differ from the usual ones. */
export async function buildCluster(
  changed: SettingsText,
  authority?: Authority,
): Promise<BuiltCluster> {
  const lookUps: LookUp[] = [];
  const registered = await recordResources(lookUps);
  const dependencies = new Map<string, readonly string[]>();
  const { EtcdCluster } = await import("../../components/etcdCluster.ts");
  const { readSettings } = await import("../../components/settings/settings.ts");
  const { settings, problems } = readSettings({ ...usual, ...changed });
  assert.deepEqual(problems, []);
  new EtcdCluster(
    "etcd",
    {
      ...settings,
      sshPrivateKey: pulumi.secret("the operator's key"),
      sshPublicKey: "ssh-ed25519 AAAA",
      authority: authority && { ...authority, privateKey: pulumi.secret(authority.privateKey) },
    },
    { transformations: [noting(dependencies)] },
  );
  await settled(registered);
  return {
    registered,
    lookUps,
    dependencies,
    one(name) {
      const found = registered.filter((resource) => resource.name === name);
      assert.equal(found.length, 1, `${name} in ${registered.map((r) => r.name).join(", ")}`);
      return found[0]!;
    },
  };
}

/** Options are no part of what mocks see; a transformation on the component sees its children's. */
function noting(dependencies: Map<string, readonly string[]>): pulumi.ResourceTransformation {
  return ({ name, opts }) => {
    const on = [opts.dependsOn ?? []].flat() as pulumi.Resource[];
    void Promise.all(on.map((resource) => promiseOf(resource.urn))).then((urns) =>
      dependencies.set(
        name,
        urns.map((urn) => urn.split("::").at(-1) ?? ""),
      ),
    );
    return undefined;
  };
}
