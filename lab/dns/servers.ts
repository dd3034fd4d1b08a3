import { createHash } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { addresses, zone } from "../addresses.ts";
import { nameServers } from "../faultKinds.ts";
import type { NameServer } from "../faultKinds.ts";
import type { Images } from "../images.ts";
import { makeNamespace, removeNamespace } from "../network.ts";
import { labDir } from "../paths.ts";
import { podman, removeContainers } from "../podman.ts";
import { waitForAnswer } from "./ask.ts";
import {
  powerDnsCommand,
  powerDnsConfig,
  stateMount,
  unboundConfig,
  unboundControl,
} from "./config.ts";
import { ensureZone } from "./powerdns.ts";

/** How long a server may take until it answers. Milliseconds. */
const deadlineMs = 20_000;
const stateDir = path.join(labDir, "dns");
const services = [...nameServers, "resolver"] as const;
const digestLabel = "etcd-lab-started-from";

/** One of the three: what runs, and with which files beside it. */
interface Service {
  readonly name: (typeof services)[number];
  readonly files: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

/**
 * Starts ns1, ns2 and the resolver, each in a container in its own namespace. Those that run
 * already, even if a fault has silenced them, are left alone. Records of an earlier run, in
 * .lab/dns, are kept. Resolves once each has answered for the zone. The bridge must be there
 * (startNetwork).
 */
export async function startDns(images: Images): Promise<void> {
  const settled = await settledServices();
  const missing = [...nameServers.map(nameServer), resolver()].filter(
    (service) => settled.get(service.name) !== digestOf(service, images),
  );
  for (const { name } of missing) rmSync(readyFile(name), { force: true });
  await Promise.all(missing.map((service) => startContainer(service, images)));
  await Promise.all(
    nameServers
      .filter((server) => missing.some(({ name }) => name === server))
      .map(settleNameServer),
  );
  if (missing.some(({ name }) => name === "resolver")) await settleResolver();
}

/** Stops all three. Nothing there: does nothing. Their records, in .lab/dns, stay. */
export async function stopDns(): Promise<void> {
  await Promise.all(
    services.map(async (name) => {
      await removeContainers([containerName(name)]);
      await removeNamespace(name);
    }),
  );
}

/** Makes the resolver forget everything it knows of the zone, negative answers too. */
export async function flushResolver(): Promise<void> {
  await podman([
    "exec",
    containerName("resolver"),
    "unbound-control",
    "-c",
    `${stateMount}/unbound.conf`,
    "-s",
    unboundControl,
    "flush_zone",
    zone.name,
  ]);
}

function nameServer(server: NameServer): Service {
  return {
    name: server,
    files: { "pdns.conf": powerDnsConfig(server) },
    command: ["sh", "-c", powerDnsCommand],
  };
}

function resolver(): Service {
  return {
    name: "resolver",
    files: { "unbound.conf": unboundConfig() },
    command: ["unbound", "-d", "-c", `${stateMount}/unbound.conf`],
  };
}

async function settleNameServer(server: NameServer): Promise<void> {
  await explain(
    server,
    (async () => {
      // It answers questions, even if only with REFUSED, when it is up; then it can be given its
      // zone.
      await waitForAnswer(addresses[server], zone.name, "SOA", () => true, deadlineMs);
      await ensureZone(server);
      await waitForAnswer(
        addresses[server],
        zone.name,
        "SOA",
        (reply) => reply.authoritative && reply.answers.length === 1,
        deadlineMs,
      );
    })(),
  );
  writeFileSync(readyFile(server), "");
}

/**
 * Comes after the nameservers, and asks for the SOA only: a resolver asked too early would remember
 * that nobody answered.
 */
async function settleResolver(): Promise<void> {
  const answer = waitForAnswer(
    addresses.resolver,
    zone.name,
    "SOA",
    (reply) => reply.answers.length > 0,
    deadlineMs,
    { recursive: true },
  );
  await explain(
    "resolver",
    answer,
    "ns1 and ns2 answer this host. If they do not answer the resolver, a firewall of " +
      "this host drops packets between the ports of a bridge.",
  );
  writeFileSync(readyFile("resolver"), "");
}

async function startContainer(service: Service, images: Images): Promise<void> {
  const { name, files, command } = service;
  const directory = path.join(stateDir, name);
  mkdirSync(directory, { recursive: true });
  for (const [file, content] of Object.entries(files))
    writeFileSync(path.join(directory, file), content);
  const namespace = await makeNamespace(name, addresses[name]);
  await podman([
    "run",
    "--detach",
    "--replace",
    "--name",
    containerName(name),
    "--hostname",
    name,
    "--label",
    "etcd-lab=1",
    "--label",
    `${digestLabel}=${digestOf(service, images)}`,
    "--network",
    `ns:${namespace}`,
    "--stop-timeout",
    "1",
    "--volume",
    `${directory}:${stateMount}`,
    images.services,
    ...command,
  ]);
}

/** The services that are up and have once answered, with what they were started from. */
async function settledServices(): Promise<Map<string, string>> {
  const listed = JSON.parse(
    await podman(["ps", "--all", "--filter", `label=${digestLabel}`, "--format", "json"]),
  ) as { Names: string[]; State: string; Labels: Record<string, string> }[];
  const up = listed.filter(({ State }) => State === "running" || State === "paused");
  const entries = services.flatMap((name) =>
    up
      .filter(({ Names }) => Names.includes(containerName(name)))
      .map(({ Labels }) => [name, Labels[digestLabel] ?? ""] as const),
  );
  return new Map(entries.filter(([name]) => existsSync(readyFile(name))));
}

/** Changes with anything a service is started from. */
function digestOf(service: Service, images: Images): string {
  return createHash("sha256")
    .update(JSON.stringify([images.services, service]))
    .digest("hex")
    .slice(0, 16);
}

function readyFile(name: string): string {
  return path.join(stateDir, name, "ready");
}

/** Adds the last lines of a container's log to the error of a wait for it. */
async function explain<T>(name: string, waiting: Promise<T>, hint?: string): Promise<T> {
  try {
    return await waiting;
  } catch (error) {
    const log = await podman(["logs", "--tail", "8", containerName(name)]).catch(
      (unreadable: Error) => unreadable.message,
    );
    throw new Error(
      [
        `${containerName(name)} is not usable: ${(error as Error).message}`,
        hint,
        "Its log ends:",
        log.trim(),
      ]
        .filter(Boolean)
        .join("\n"),
    );
  }
}

function containerName(name: string): string {
  return `etcd-lab-${name}`;
}
