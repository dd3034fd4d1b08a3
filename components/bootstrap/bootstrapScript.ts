/**
 * The script that makes a bare machine a member: it comes over SSH by standard input, where neither
 * logs nor process lists see its secrets. Pure.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { refuseCarriageReturns } from "./lineEnds.ts";

export interface BootstrapSettings {
  /** What Chef reads with -j: run list and attributes. May hold secrets. */
  readonly nodeJson: object;
  /** The cookbook `etcd` as tar.gz in base64, from packCookbook. */
  readonly cookbook: string;
  readonly chef: {
    /**
     * `preinstalled`: the image has cinc-client or chef-client, and version and package do not
     * matter.
     */
    readonly product: "cinc" | "chef" | "preinstalled";
    readonly version?: string;
    /**
     * A .deb to use instead of what the product's own list names for the version; goes with its
     * sha256.
     */
    readonly packageUrl?: string;
    readonly packageSha256?: string;
  };
  /** The member's certificate and key, and the CA, PEM. */
  readonly pki?:
    { readonly ca: string; readonly certificate: string; readonly privateKey: string } | undefined;
  /** What lets etcd start for the first time; see ticket.ts. */
  readonly ticket?: object | undefined;
  /**
   * Hexadecimal digest of all inputs; names the run on the node. Empty only in a script whose
   * digest is being taken.
   */
  readonly digest: string;
  /**
   * How long the converge may take, waiting for cloud-init and the package lock included; 900 by
   * default.
   */
  readonly timeoutSeconds?: number;
}

/** A part of the script that stands beside this file. */
function body(name: string): string {
  const file = join(import.meta.dirname, name);
  const content = readFileSync(file);
  refuseCarriageReturns(file, content);
  return content.toString();
}

// Relative to the client.rb itself: the launcher decides where a run lies.
const clientRb = `# Written by the bootstrap.
local_mode true
chef_repo_path File.dirname(File.expand_path(__FILE__))
cookbook_path [File.join(chef_repo_path, "cookbooks")]
file_cache_path "/var/lib/etcd-bootstrap/cache"
file_backup_path "/var/lib/etcd-bootstrap/backup"
log_level :warn
log_location STDOUT
`;

/**
 * The whole script for `bash -s`, as root. It is one function, called in the last line: a script
 * that arrives in half runs nothing.
 */
export function bootstrapScript(settings: BootstrapSettings): string {
  const { chef, digest } = settings;
  const timeoutSeconds = settings.timeoutSeconds ?? 900;
  const values: [name: string, value: string, rule: RegExp][] = [
    ["digest", digest, /^[0-9a-f]*$/],
    ["timeoutSeconds", String(timeoutSeconds), /^[1-9]\d*$/],
    ["chef.product", chef.product, /^[a-z]+$/],
    ["chef.version", chef.version ?? "", /^[\w.+-]*$/],
    ["chef.packageUrl", chef.packageUrl ?? "", /^(https?:\/\/[\w.~:/?#@!&()*+,;=%[\]-]+)?$/],
    ["chef.packageSha256", chef.packageSha256 ?? "", /^([0-9a-f]{64})?$/],
  ];
  for (const [name, value, rule] of values) {
    if (!rule.test(value))
      throw new Error(
        `${name}: a value of the form ${rule.source} is needed, because it becomes part ` +
          `of a shell script (got ${JSON.stringify(value)})`,
      );
  }
  const variable = (name: string) =>
    name.replace("chef.", "").replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const chefSettings = values.slice(2).map(([name, value]) => `${variable(name)}='${value}'`);
  return [
    "bootstrap() {",
    "set -euo pipefail",
    `digest=${digest}`,
    `timeout_seconds=${timeoutSeconds}`,
    payload("cookbook", settings.cookbook),
    payload("node_json", base64(`${JSON.stringify(settings.nodeJson, null, 2)}\n`)),
    payload("client_rb", base64(clientRb)),
    payload("settings", base64(`${chefSettings.join("\n")}\n`)),
    payload("converge_sh", base64(body("converge.sh"))),
    `has_ticket=${settings.ticket ? "yes" : "no"}`,
    payload("ticket_json", base64(settings.ticket ? `${JSON.stringify(settings.ticket)}\n` : "")),
    `has_pki=${settings.pki ? "yes" : "no"}`,
    ...Object.entries({
      ca_crt: settings.pki?.ca,
      member_crt: settings.pki?.certificate,
      member_key: settings.pki?.privateKey,
    }).map(([name, pem]) => payload(name, base64(pem ?? ""))),
    body("launch.sh"),
    "}",
    // Not `bash -s`'s own input: a command inside that reads it would eat what is left of the
    // script.
    "bootstrap < /dev/null",
    "",
  ].join("\n");
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

/** A shell function that writes base64 text, in lines that editors and terminals bear. */
function payload(name: string, text: string): string {
  return `${name}() {\ncat <<'END'\n${(text.match(/.{1,120}/g) ?? []).join("\n")}\nEND\n}`;
}
