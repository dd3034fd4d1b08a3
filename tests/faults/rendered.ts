/** The cookbook's templates as they are on a node, rendered by Ruby's ERB. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { cookbookFolder } from "../cookbook/files.ts";
import { ruby } from "../ruby.ts";
import { addressOf, domain, names, unitWaits } from "./places.ts";

const templates = ["etcd.yaml", "preflight.json", "etcd.service"] as const;

/**
 * What the recipe writes for one node, by template; and the configuration of an etcd that nobody
 * stands before: it reads its peers from DNS itself.
 */
export type NodeFiles = Readonly<Record<(typeof templates)[number] | "alone.yaml", string>>;
/** By node, plain and with TLS. */
export type Rendered = Readonly<Record<"plain" | "tls", Readonly<Record<string, NodeFiles>>>>;

const program = `require 'erb'; require 'json'
  given = JSON.parse($stdin.read)
  puts JSON.generate(given['jobs'].map { |variables|
    variables.each { |name, value| instance_variable_set("@#{name}", value) }
    given['templates'].transform_values { |text| ERB.new(text, trim_mode: '-').result(binding) }
  })`;

const discovery = [
  `discovery-srv: ${domain}`,
  `initial-cluster-token: etcd-${domain}`,
  "initial-cluster-state: new",
].join("\n");

/**
 * All files of all nodes, in one call of Ruby. The attributes are the cookbook's defaults; only the
 * wait for DNS is shorter, because the unit tries again anyway.
 */
export async function renderNodes(members: readonly string[] = names): Promise<Rendered> {
  const kinds = ["plain", "tls"] as const;
  const jobs = kinds.flatMap((kind) =>
    members.map((name) => ({
      etcd: {
        domain,
        name,
        tls: kind === "tls",
        members: Object.fromEntries(members.map((n) => [n, addressOf(n)])),
        token: `etcd-${domain}`,
        initial_state: "new",
        // The program's way with TLS, that of the cookbook by itself without.
        tickets: kind === "tls",
        joins: kind === "tls",
        volume: "",
        peer_port: 2380,
        client_port: 2379,
        dns_timeout: unitWaits,
        quota_backend_bytes: 2147483648,
        auto_compaction_retention: "1h",
      },
      scheme: kind === "tls" ? "https" : "http",
      address: addressOf(name),
      host: `${name}.${domain}`,
    })),
  );
  const texts = await Promise.all(
    templates.map(
      async (name) =>
        [
          name,
          await fs.readFile(path.join(cookbookFolder, "templates", `${name}.erb`), "utf8"),
        ] as const,
    ),
  );
  const files = JSON.parse(
    await ruby(program, JSON.stringify({ templates: Object.fromEntries(texts), jobs })),
  ) as Omit<NodeFiles, "alone.yaml">[];
  const of = (kind: number) =>
    Object.fromEntries(
      members.map((name, i) => {
        const written = files[kind * members.length + i] as NodeFiles;
        const alone = written["etcd.yaml"].replace(/^initial-cluster-state: .*$/m, discovery);
        return [name, { ...written, "alone.yaml": alone }];
      }),
    );
  return { plain: of(0), tls: of(1) };
}
