/**
 * What members of a cluster with TLS let in, who is refused, and what a person gets to read about
 * it. Real handshakes with real members.
 */
import * as fs from "node:fs/promises";
import * as http from "node:http";
import * as https from "node:https";
import * as path from "node:path";
import * as tls from "node:tls";
import { parse, stringify } from "yaml";
import type { Pair } from "./certificates.ts";
import { machine, startUnits, until } from "./discovery.ts";
import { healthy, probe, settle } from "./observe.ts";
import { addressOf, domain, here, names, stranger } from "./places.ts";
import { writePki } from "./pkiFiles.ts";
import { formed, processes } from "./rollingRestart.ts";
import { startUnit, type Unit } from "./unit.ts";
import type { World } from "./worldProcess.ts";

/** Certificates that a test made for this: by what is wrong with them. */
export interface Misfits {
  readonly operator: Pair;
  /**
   * Signed by the cluster's CA, valid at the stranger's address, with a name that is not the
   * cluster's.
   */
  readonly otherName: Pair;
  readonly otherAuthority: Pair;
  /** For a, expired. */
  readonly expiredA: Pair;
  /** For c; each wrong in one way. */
  readonly ofC: Readonly<Record<string, Pair>>;
  /** New and right, for a; and one without its address. */
  readonly renewed: Pair;
  readonly withoutAddress: Pair;
}

export interface Handshakes {
  /** By who asks, at which port: "200" or why not. */
  readonly asked: Readonly<Record<string, string>>;
  /** The stranger with another name at 2380 of c, whose configuration has no allowed-hostname. */
  readonly withoutAllowedHostname: string;
  /** Health when the certificate of a, which runs on, has expired. */
  readonly served: readonly string[];
  /** By what is wrong with c's certificate. */
  readonly misfits: Readonly<
    Record<
      string,
      {
        readonly sentence: string;
        readonly health: readonly string[];
        readonly logged: readonly string[];
      }
    >
  >;
  /** Whether c joined again once its files were right, in the same process. */
  readonly healedWithoutRestart: boolean;
  /**
   * Serial numbers shown at both ports before and after a renewal, and whether the process is the
   * same.
   */
  readonly renewal: {
    readonly before: readonly string[];
    readonly after: readonly string[];
    readonly sameProcess: boolean;
  };
  /**
   * Health when DNS is down, a knows the others' addresses from its hosts file, and restarts: with
   * its address in the certificate, and without.
   */
  readonly dnsDown: {
    readonly withAddress: readonly string[];
    readonly without: { readonly sentence: string; readonly logged: readonly string[] };
  };
}

export async function handshakes(world: World, given: Misfits): Promise<Handshakes> {
  const units = await startUnits(world);
  await formed(world, units);
  const asked = await askEveryone(world, given);
  const misfits: Record<string, Handshakes["misfits"][string]> = {};
  const c = machine(world, "c");
  const right = world.spec.pki.members.c;
  const withoutAllowedHostname = await askWithout(
    world,
    units,
    "allowed-hostname",
    given.otherName,
  );
  for (const [what, pair] of Object.entries(given.ofC))
    misfits[what] = await restartWith(world, units, "c", pair);
  const pid = units.c?.etcd?.pid;
  await writePki(c, world.spec.pki.ca, right);
  await healthy(world, 30);
  const healedWithoutRestart = pid !== undefined && units.c?.etcd?.pid === pid;
  const renewal = await renew(world, units, given.renewed);
  await writePki(machine(world, "a"), world.spec.pki.ca, given.expiredA, ["client"]);
  const served = (await probe(world, 3000)).reasons;
  await writePki(machine(world, "a"), world.spec.pki.ca, given.renewed);
  return {
    asked,
    withoutAllowedHostname,
    misfits,
    healedWithoutRestart,
    renewal,
    served,
    dnsDown: await withoutDns(world, units, given),
  };
}

/** Every kind of caller at both ports of a. */
async function askEveryone(
  world: World,
  { operator, otherName, otherAuthority }: Misfits,
): Promise<Record<string, string>> {
  const address = addressOf("a");
  const { ca, members } = world.spec.pki;
  const asked: Record<string, string> = {};
  for (const [port, route] of [
    [2379, "/version"],
    [2380, "/members"],
  ] as const) {
    const ask = (options: https.RequestOptions) =>
      get("https:", { host: address, port, path: route, ca, ...options });
    asked[`plain HTTP at ${port}`] = await get("http:", { host: address, port, path: route });
    asked[`no certificate at ${port}`] = await ask({});
    asked[`another CA's certificate at ${port}`] = await ask(otherAuthority);
    asked[`the operator at ${port}`] = await ask(operator);
    asked[`the same CA with another name at ${port}`] = await ask({
      ...otherName,
      localAddress: stranger,
    });
    asked[`TLS 1.1 at ${port}`] = await ask({
      ...operator,
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    });
  }
  asked["b's certificate from a stranger's address at 2380"] = await get("https:", {
    host: address,
    port: 2380,
    path: "/members",
    ca,
    ...members.b,
    localAddress: stranger,
  });
  return asked;
}

/**
 * The same stranger at c's peer port, when c's configuration lacks one key: what refuses it
 * elsewhere must be that key.
 */
async function askWithout(
  world: World,
  units: Record<string, Unit>,
  key: string,
  caller: Pair,
): Promise<string> {
  const file = path.join(machine(world, "c").root, "etc/etcd/etcd.yaml");
  const text = await fs.readFile(file, "utf8");
  const { [key]: _, ...security } =
    (parse(text) as Record<string, Record<string, unknown>>)["peer-transport-security"] ?? {};
  const restart = async (content: string) => {
    await units.c?.stop();
    await fs.writeFile(file, content);
    units.c = startUnit(machine(world, "c"), world.unit("c"));
    await until(() => units.c?.etcd?.ready === true, 30_000, "c to serve again");
  };
  await restart(stringify({ ...(parse(text) as object), "peer-transport-security": security }));
  const answer = await get("https:", {
    host: addressOf("c"),
    port: 2380,
    path: "/members",
    ca: world.spec.pki.ca,
    ...caller,
    localAddress: stranger,
  });
  await restart(text);
  return answer;
}

function get(protocol: "http:" | "https:", options: https.RequestOptions): Promise<string> {
  return new Promise((resolve) => {
    const request = (protocol === "https:" ? https : http).request(
      { localAddress: here, agent: false, timeout: 5000, servername: "", ...options },
      (response) => {
        let body = "";
        response.on("data", (data: Buffer) => {
          body += data.toString();
        });
        response.on("close", () =>
          resolve(response.statusCode === 200 ? "200" : `${response.statusCode} ${body.trim()}`),
        );
      },
    );
    request.on("timeout", () => request.destroy(new Error("no answer in 5 s")));
    request.on("error", (error: Error & { code?: string }) => resolve(`refused: ${error.message}`));
    request.end();
  });
}

/**
 * Restarts a member on its data with another certificate; what is seen then, and what the others
 * logged about it.
 */
async function restartWith(
  world: World,
  units: Record<string, Unit>,
  name: string,
  pair: Pair,
): Promise<Handshakes["misfits"][string]> {
  const others = names.filter((n) => n !== name);
  const from = others.map((n) => units[n]?.etcd?.log().length ?? 0);
  await units[name]?.stop();
  await writePki(machine(world, name), world.spec.pki.ca, pair);
  units[name] = startUnit(machine(world, name), world.unit(name));
  await until(() => units[name]?.etcd !== undefined, 20_000, `the unit of ${name} to restart etcd`);
  const { sentence, report } = await settle(world, processes(units));
  const lines = others
    .flatMap((n, i) => (units[n]?.etcd?.log().slice(from[i]) ?? "").split("\n"))
    .filter((line) => line.includes("rejected connection"));
  const logged = lines.map((line) =>
    ((JSON.parse(line) as { error?: string }).error ?? "")
      .replace(/current time \S+ is (after|before) \S+/, "current time is $1")
      .replace(/ \(lookup .*/, ""),
  );
  return { sentence, health: report.reasons, logged: [...new Set(logged)] };
}

async function renew(
  world: World,
  units: Readonly<Record<string, Unit>>,
  pair: Pair,
): Promise<Handshakes["renewal"]> {
  const { ca, client } = world.spec.pki;
  const pid = units.a?.etcd?.pid;
  const serials = () =>
    Promise.all(
      [2379, 2380].map(
        (port) =>
          new Promise<string>((resolve, reject) => {
            const socket = tls.connect({ host: addressOf("a"), port, ca, ...client }, () => {
              resolve(socket.getPeerCertificate().serialNumber);
              socket.destroy();
            });
            socket.once("error", reject);
          }),
      ),
    );
  const before = await serials();
  await writePki(machine(world, "a"), ca, pair);
  return {
    before,
    after: await serials(),
    sameProcess: pid !== undefined && units.a?.etcd?.pid === pid,
  };
}

async function withoutDns(
  world: World,
  units: Record<string, Unit>,
  { renewed, withoutAddress }: Misfits,
): Promise<Handshakes["dnsDown"]> {
  await world.zone.down();
  await fs.appendFile(
    path.join(machine(world, "a").root, "etc/hosts"),
    names.map((name) => `${addressOf(name)} ${name}.${domain}\n`).join(""),
  );
  const { sentence, logged } = await restartWith(world, units, "a", withoutAddress);
  await units.a?.stop();
  await writePki(machine(world, "a"), world.spec.pki.ca, renewed);
  units.a = startUnit(machine(world, "a"), world.unit("a"));
  await until(() => units.a?.etcd?.ready === true, 30_000, "a to serve without DNS").catch(
    () => undefined,
  ); // health says why it does not
  return { withAddress: (await probe(world, 3000)).reasons, without: { sentence, logged } };
}
