/**
 * The controls of the CIS Kubernetes Benchmark for etcd (2.1 to 2.7, 1.1.11, 1.1.12, as kube-bench
 * words them) over a configuration file and its data directory. Pure.
 */

export interface Deployed {
  /** etcd's configuration file, parsed. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `stat --format '%a %U:%G'` of the data directory. */
  readonly dataDir: string;
}

type Section = Readonly<Record<string, unknown>>;

/** Controls that do not hold, each with what was found. */
export function cisFindings({ config, dataDir }: Deployed): string[] {
  const client = section(config, "client-transport-security");
  const peer = section(config, "peer-transport-security");
  const [mode = "", owner = ""] = dataDir.split(" ");
  const urls = [
    "listen-client-urls",
    "listen-peer-urls",
    "advertise-client-urls",
    "initial-advertise-peer-urls",
  ]
    .flatMap((key) => String(config[key] ?? "").split(","))
    .filter(Boolean);
  const plain = urls.filter((url) => !url.startsWith("https://"));
  const controls: readonly [control: string, holds: boolean, found: unknown][] = [
    ["2.1 certificate and key for clients", hasPair(client), pairOf(client)],
    ["2.1 no plain listener", urls.length >= 4 && plain.length === 0, urls],
    [
      "2.2 client certificates are asked for",
      client["client-cert-auth"] === true,
      client["client-cert-auth"],
    ],
    ["2.3 no self-signed client listener", falsy(client["auto-tls"]), client["auto-tls"]],
    ["2.4 certificate and key for peers", hasPair(peer), pairOf(peer)],
    [
      "2.5 peer certificates are asked for",
      peer["client-cert-auth"] === true,
      peer["client-cert-auth"],
    ],
    ["2.6 no self-signed peer listener", falsy(peer["auto-tls"]), peer["auto-tls"]],
    [
      "2.7 an authority of its own",
      ownAuthority(client) && client["trusted-ca-file"] === peer["trusted-ca-file"],
      [client["trusted-ca-file"], peer["trusted-ca-file"]],
    ],
    ["1.1.11 data directory closed to others", /^0?700$/.test(mode), mode],
    ["1.1.12 data directory of etcd:etcd", owner === "etcd:etcd", owner],
  ];
  return controls
    .filter(([, holds]) => !holds)
    .map(([control, , found]) => `${control} (got ${JSON.stringify(found) ?? "nothing"})`);
}

const section = (config: Section, key: string): Section =>
  typeof config[key] === "object" && config[key] !== null ? (config[key] as Section) : {};
const falsy = (value: unknown) => value === undefined || value === false;
const pairOf = (part: Section) => [part["cert-file"], part["key-file"]];
const hasPair = (part: Section) =>
  pairOf(part).every((file) => typeof file === "string" && file.startsWith("/"));

/** Not the system's collection, which signs for everybody. */
function ownAuthority(part: Section): boolean {
  const file = part["trusted-ca-file"];
  return typeof file === "string" && file.startsWith("/etc/etcd/");
}
