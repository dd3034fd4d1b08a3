/** The cookbook's templates, rendered with Ruby's ERB as itamae does. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as path from "node:path";
import { cookbookFolder } from "./files.ts";

/** For tests that render: skipped where there is no ruby. */
export const needsRuby = { skip: spawnSync("ruby", ["--version"]).status === 0 ? false : "no ruby on this machine; the lab's image has one" };

const etcd = {
  domain: "etcd.test", name: "a", tls: false, members: { b: "10.0.0.2", a: "10.0.0.1" }, token: "tok: 1", initial_state: "new", volume: "vol-0abc", peer_port: 2380, client_port: 2379,
  dns_timeout: 60, quota_backend_bytes: 2147483648, auto_compaction_retention: "1h",
};

/** A template's text, with some attributes of the node changed. */
export function render(name: string, attributes: object = {}, variables: object = {}): string {
  const merged = { ...etcd, ...attributes };
  const all = { etcd: merged, scheme: merged.tls ? "https" : "http", address: "10.0.0.1", host: "a.etcd.test", device: "/dev/disk/by-id/x", timeout: 300, ...variables };
  const program = `require 'erb'; require 'json'
    JSON.parse($stdin.read).each { |name, value| instance_variable_set("@#{name}", value) }
    print ERB.new(File.read(ARGV[0]), trim_mode: '-').result(binding)`;
  const run = spawnSync("ruby", ["-e", program, path.join(cookbookFolder, "templates", `${name}.erb`)], { encoding: "utf8", input: JSON.stringify(all) });
  assert.equal(run.status, 0, run.stderr);
  return run.stdout;
}
