/** The cookbook's templates, rendered with Ruby's ERB as itamae does. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { ruby, whyNoRuby } from "../ruby.ts";
import { cookbookFolder } from "./files.ts";

/** For tests that render. */
export const needsRuby = { skip: await whyNoRuby() };

const etcd = {
  domain: "etcd.test",
  name: "a",
  tls: false,
  members: { b: "10.0.0.2", a: "10.0.0.1" },
  token: "tok: 1",
  initial_state: "new",
  tickets: true,
  joins: true,
  volume: "vol-0abc",
  peer_port: 2380,
  client_port: 2379,
  dns_timeout: 60,
  quota_backend_bytes: 2147483648,
  auto_compaction_retention: "1h",
};

/** A template's text, with some attributes of the node changed. */
export async function render(
  name: string,
  attributes: object = {},
  variables: object = {},
): Promise<string> {
  const merged = { ...etcd, ...attributes };
  const all = {
    etcd: merged,
    scheme: merged.tls ? "https" : "http",
    address: "10.0.0.1",
    host: "a.etcd.test",
    device: "/dev/disk/by-id/x",
    timeout: 300,
    ...variables,
  };
  const program = `require 'erb'; require 'json'
    given = JSON.parse($stdin.read)
    given['variables'].each { |name, value| instance_variable_set("@#{name}", value) }
    print ERB.new(given['template'], trim_mode: '-').result(binding)`;
  return ruby(
    program,
    JSON.stringify({
      template: await fs.readFile(path.join(cookbookFolder, "templates", `${name}.erb`), "utf8"),
      variables: all,
    }),
  );
}
