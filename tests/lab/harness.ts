/**
 * The lab as a user drives it: the commands of package.json, the fault interface, the Cloudflare
 * API.
 */
import { readFile, writeFile, mkdir } from "node:fs/promises";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { addresses, type ZoneName, zone } from "../../lab/addresses.ts";
import { labDir, projectDir } from "../../lab/paths.ts";
import { CommandError, run } from "../../lab/shell.ts";

export interface Outcome {
  readonly code: number;
  /** Both streams, as a person sees them. */
  readonly text: string;
}

/**
 * `npm run NAME -- ARGS`, as package.json calls it. Never throws for an exit code; its deadline is
 * 5 minutes.
 */
export async function npmRun(name: string, ...args: string[]): Promise<Outcome> {
  try {
    return {
      code: 0,
      text: await run(
        process.execPath,
        [path.join(projectDir, "commands/run.mjs"), name, ...args],
        { cwd: projectDir, timeoutMs: 400_000, env: { NODE_TEST_CONTEXT: undefined } },
      ),
    };
  } catch (error) {
    if (!(error instanceof CommandError) || error.code === null) throw error;
    return { code: error.code, text: error.output };
  }
}

/** The same, and fails the test with what the command said when it does not end with 0. */
export async function mustRun(name: string, ...args: string[]): Promise<string> {
  const { code, text } = await npmRun(name, ...args);
  if (code !== 0)
    throw new Error(`npm run ${name} -- ${args.join(" ")} ended with ${code}:\n${text}`);
  return text;
}

/**
 * `pulumi COMMAND` on the dev stack with some settings changed; the committed stack file stays as
 * it is.
 */
export async function pulumiWith(
  config: Readonly<Record<string, unknown>>,
  ...args: string[]
): Promise<Outcome> {
  const stack = parse(await readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const file = path.join(labDir, "changed.yaml");
  await mkdir(labDir, { recursive: true });
  await writeFile(file, stringify({ ...stack, config: { ...stack.config, ...config } }));
  return npmRun("pulumi", ...args, "--config-file", file, "--non-interactive");
}

/** `pulumi up` with some settings changed. */
export async function upWith(config: Readonly<Record<string, unknown>>): Promise<Outcome> {
  return pulumiWith(config, "up", "--yes", "--skip-preview");
}

/**
 * Empties the stack and undoes all faults; the lab stays up, so that the next case starts in a
 * second.
 */
export async function destroyStack(): Promise<void> {
  await clearFaults();
  await mustRun("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive");
  // What a case that failed half-way had put there must not fail the next one.
  for (const record of await allRecords())
    if (!isOfZone(record)) await cloudflare("DELETE", `/dns_records/${record.id}`);
}

/** The zone's own NS records and their addresses. */
export function isOfZone({ name, type }: { name: string; type: string }): boolean {
  return type === "NS" || /^ns\d\./.test(name);
}

/** Makes a fault through the lab's control interface, as `npm run lab -- fault` does. */
export async function makeFault(fault: Readonly<Record<string, unknown>>): Promise<void> {
  await control("POST", "/faults", fault);
}

export async function clearFaults(): Promise<void> {
  await control("DELETE", "/faults");
}

/** Any call of the control interface. */
export async function control(method: string, route: string, body?: unknown): Promise<unknown> {
  const reply = await fetch(`http://127.0.0.1:${addresses.controlPort}${route}`, {
    method,
    headers: { "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${method} ${route}: ${reply.status} ${text}`);
  return text ? JSON.parse(text) : undefined;
}

export interface CloudflareRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
}

/**
 * A call of the Cloudflare API below a zone, the lab's unless given, as somebody else with a token
 * would make it.
 */
export async function cloudflare<T>(
  method: string,
  route: string,
  body?: unknown,
  { id }: ZoneName = zone,
): Promise<T> {
  const reply = await fetch(
    `http://127.0.0.1:${addresses.cloudflarePort}/client/v4/zones/${id}${route}`,
    {
      method,
      headers: { authorization: `Bearer ${zone.apiToken}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    },
  );
  const envelope = (await reply.json()) as { success: boolean; result: T; errors: unknown };
  if (!envelope.success)
    throw new Error(`${method} ${route}: ${reply.status} ${JSON.stringify(envelope.errors)}`);
  return envelope.result;
}

/** All records of a zone, the lab's unless given, that are not its own NS records. */
export async function allRecords(of: ZoneName = zone): Promise<CloudflareRecord[]> {
  return cloudflare<CloudflareRecord[]>("GET", "/dns_records?per_page=100", undefined, of);
}

/** Repeats until it holds; fails after the deadline, saying what it waited for. */
export async function eventually(
  what: string,
  deadlineMs: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + deadlineMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`waited ${deadlineMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
