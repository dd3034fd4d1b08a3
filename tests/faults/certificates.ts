/**
 * Certificates for the bench, made by openssl: a CA and leaves with every name, address, and
 * validity a test asks for.
 */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../../lab/shell.ts";
import { addressOf, domain } from "./places.ts";

/** PEM. */
export interface Pair {
  readonly cert: string;
  readonly key: string;
}

export interface Leaf {
  readonly dns: readonly string[];
  readonly addresses: readonly string[];
  /** Hours from now; valid from an hour ago to a day from now unless given. */
  readonly from?: number;
  readonly to?: number;
}

export interface Authority {
  readonly cert: string;
  issue(leaf: Leaf): Promise<Pair>;
}

/**
 * What a member's certificate holds: the domain (which allowed-hostname asks for), its full name,
 * its private address.
 */
export const memberLeaf = (name: string): Leaf => ({
  dns: [domain, `${name}.${domain}`, "localhost"],
  addresses: [addressOf(name), "127.0.0.1"],
});
/** The operator's: no name of the cluster. */
export const clientLeaf: Leaf = { dns: [], addresses: [] };

/** A CA of its own, ECDSA P-256. */
export async function makeAuthority(): Promise<Authority> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-fault-ca-"));
  try {
    await openssl(
      folder,
      "req",
      "-x509",
      ...newKey("ca"),
      "-out",
      "ca.crt",
      "-days",
      "2",
      "-subj",
      "/CN=etcd test CA",
    );
    const [cert, key] = await Promise.all(
      ["ca.crt", "ca.key"].map((file) => fs.readFile(path.join(folder, file), "utf8")),
    );
    return { cert: cert ?? "", issue: (leaf) => issue({ cert: cert ?? "", key: key ?? "" }, leaf) };
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

async function issue(authority: Pair, leaf: Leaf): Promise<Pair> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-fault-leaf-"));
  const write = (file: string, text: string) => fs.writeFile(path.join(folder, file), text);
  const alternatives = [
    ...leaf.dns.map((name) => `DNS:${name}`),
    ...leaf.addresses.map((address) => `IP:${address}`),
  ].join(",");
  const at = (hours: number) =>
    `${new Date(Date.now() + hours * 3_600_000).toISOString().replace(/[-:T]|\.\d+/g, "")}`;
  try {
    await Promise.all([
      write("ca.crt", authority.cert),
      write("ca.key", authority.key),
      write("index.txt", ""),
      write(
        "ca.conf",
        [
          "[ca]",
          "default_ca=own",
          "[own]",
          "database=index.txt",
          "new_certs_dir=.",
          "certificate=ca.crt",
          "private_key=ca.key",
          "default_md=sha256",
          "policy=any",
          "rand_serial=yes",
          "x509_extensions=leaf",
          "[any]",
          "commonName=supplied",
          "[leaf]",
          "extendedKeyUsage=serverAuth,clientAuth",
          "keyUsage=critical,digitalSignature",
          ...(alternatives ? [`subjectAltName=${alternatives}`] : []),
          "",
        ].join("\n"),
      ),
    ]);
    await openssl(
      folder,
      "req",
      ...newKey("leaf"),
      "-out",
      "leaf.csr",
      "-subj",
      `/CN=${leaf.dns[1] ?? "operator"}`,
    );
    await openssl(
      folder,
      "ca",
      "-batch",
      "-notext",
      "-config",
      "ca.conf",
      "-in",
      "leaf.csr",
      "-out",
      "leaf.crt",
      "-startdate",
      at(leaf.from ?? -1),
      "-enddate",
      at(leaf.to ?? 24),
    );
    const [cert, key] = await Promise.all(
      ["leaf.crt", "leaf.key"].map((file) => fs.readFile(path.join(folder, file), "utf8")),
    );
    return { cert: cert ?? "", key: key ?? "" };
  } finally {
    await fs.rm(folder, { recursive: true });
  }
}

const newKey = (name: string) => [
  "-newkey",
  "ec",
  "-pkeyopt",
  "ec_paramgen_curve:P-256",
  "-nodes",
  "-keyout",
  `${name}.key`,
];

async function openssl(folder: string, ...args: string[]): Promise<void> {
  await run("openssl", args, { cwd: folder });
}
