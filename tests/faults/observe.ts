/** What can be seen of the nodes from outside, as one sentence that a table can hold. */
import { Etcd3, type IOptions } from "etcd3";
import type { ClusterReport } from "../../components/health/etcdProbe.ts";
import { probeCluster } from "../../components/health/etcdProbe.ts";
import { waitForHealth } from "../../components/health/clusterHealth.ts";
import type { DeclaredMember } from "../../components/health/memberHealth.ts";
import { addressOf, domain, names } from "./places.ts";
import type { Etcd } from "./unit.ts";
import type { World } from "./worldProcess.ts";

/** The members as the stack declares them. */
export function declared(tls: boolean): DeclaredMember[] {
  const scheme = tls ? "https" : "http";
  return names.map((name) => ({
    name,
    endpoint: `${scheme}://${addressOf(name)}:2379`,
    peerUrl: `${scheme}://${name}.${domain}:2380`,
  }));
}

function credentials(world: World) {
  const { ca, client } = world.spec.pki;
  return world.spec.tls
    ? {
        rootCertificate: Buffer.from(ca),
        privateKey: Buffer.from(client.key),
        certChain: Buffer.from(client.cert),
      }
    : undefined;
}

/** One call to one member. */
export async function client<T>(
  world: World,
  name: string,
  use: (etcd: Etcd3) => Promise<T>,
): Promise<T> {
  const etcd = new Etcd3({
    hosts: declared(world.spec.tls).find((m) => m.name === name)?.endpoint ?? "",
    credentials: credentials(world),
    defaultCallOptions: () => ({ deadline: Date.now() + 5000 }),
  } as IOptions);
  try {
    return await use(etcd);
  } finally {
    etcd.close();
  }
}

/** What the program's health check says. */
export const probe = (world: World, deadlineMs = 1000): Promise<ClusterReport> =>
  probeCluster(declared(world.spec.tls), { deadlineMs, credentials: credentials(world) });

/** The program's wait for health; resolves with the cluster ID. */
export const healthy = (world: World, timeoutSeconds: number): Promise<string> =>
  waitForHealth(
    { members: declared(world.spec.tls), timeoutSeconds },
    () => undefined,
    credentials(world),
  );

/**
 * Waits until every process started has ended, serves reads, or has begun two elections in vain
 * since the call: then it is not slow, it waits for members that do not come. Says what each is in:
 * exit (with etcd's reason), no leader, or a cluster of so many members.
 */
export async function settle(
  world: World,
  started: Readonly<Record<string, Etcd>>,
  timeoutMs = 45_000,
): Promise<{ sentence: string; report: ClusterReport }> {
  const deadline = Date.now() + timeoutMs;
  const before = new Map(Object.values(started).map((etcd) => [etcd, etcd.elections]));
  const inVain = (etcd: Etcd) => etcd.elections - (before.get(etcd) ?? 0) >= 2;
  for (;;) {
    let open = Object.entries(started).filter(
      ([, etcd]) => !etcd.end && !etcd.ready && !inVain(etcd),
    );
    if (!open.length) {
      const report = await probe(world);
      open = Object.entries(started).filter(
        ([name, etcd]) =>
          !etcd.end && !inVain(etcd) && report.members.find((m) => m.name === name)?.error !== "",
      );
      if (!open.length) return { sentence: describe(started, report), report };
    }
    if (Date.now() > deadline)
      throw new Error(
        `waited ${timeoutMs / 1000} s for ${open.map(([name]) => name).join(", ")} to end, to ` +
          "serve, or to look for a leader in vain; the last words of each:\n" +
          open
            .map(([name, etcd]) => `${name}: ${etcd.log().split("\n").slice(-4).join("\n")}`)
            .join("\n"),
      );
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/**
 * What health says of what came out, once it says what is expected (or after 15 s, whatever it says
 * then): a member that has just come is listed without its name for a moment.
 */
export async function verdict(
  world: World,
  expected: readonly RegExp[],
  first: ClusterReport,
): Promise<readonly string[]> {
  const deadline = Date.now() + 15_000;
  const fits = (reasons: readonly string[]) =>
    expected.length
      ? expected.every((line) => reasons.some((reason) => line.test(reason)))
      : !reasons.length;
  for (let { reasons } = first; ; { reasons } = await probe(world)) {
    if (fits(reasons) || Date.now() > deadline) return reasons;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

function describe(started: Readonly<Record<string, Etcd>>, report: ClusterReport): string {
  const groups = new Map<string, string[]>();
  for (const [name, etcd] of Object.entries(started).sort()) {
    const seen = report.members.find((m) => m.name === name);
    const state = etcd.end
      ? `exit ${etcd.end.code}: ${reason(etcd)}`
      : seen && !seen.error
        ? `cluster ${seen.clusterId} of ${seen.members.length}`
        : "no leader";
    groups.set(state, [...(groups.get(state) ?? []), name]);
  }
  const clusters = [...groups.keys()].filter((state) => state.startsWith("cluster"));
  // An ID says nothing to a reader; that there are two does.
  const which = (state: string) =>
    clusters.length > 1 ? ` (${clusters.indexOf(state) + 1} of ${clusters.length})` : "";
  return [...groups]
    .map(
      ([state, members]) =>
        `${members.join(" ")}: ` + state.replace(/^cluster \S+ of/, `a cluster${which(state)} of`),
    )
    .join("; ");
}

/**
 * etcd's own last word, without what differs from run to run: order, ports, IDs. It names a reason
 * for each kind of SRV; the first is enough.
 */
function reason(etcd: Etcd): string {
  const fatal =
    etcd
      .log()
      .split("\n")
      .filter((line) => /"level":"(fatal|panic)"/.test(line))
      .at(-1) ?? "";
  const { error, msg } = (
    fatal ? JSON.parse(fatal) : { msg: etcd.log().trim().split("\n").at(-1) }
  ) as { error?: string; msg?: string };
  const text = (error || msg || "").split(/\n|; /)[0] ?? "";
  return text
    .replace("error setting up initial cluster: ", "")
    .replace(/^lookup \S+ on \S+ (?:read udp \S+ read: )?/, "lookup of its own name: ")
    .replace(/initial cluster \S+ has/, "initial cluster … has")
    .replace(/resolve \S+ to match \S+ .*/, "resolve … to match --initial-cluster");
}
