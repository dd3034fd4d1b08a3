import * as fs from "node:fs/promises";
import * as path from "node:path";
import { findCreated } from "./findCreated.ts";
import { labDir, projectDir } from "./paths.ts";
import { pulumiEnvironment } from "./pulumiEnvironment.ts";
import { runPulumi } from "./pulumiRun.ts";
import { run } from "./shell.ts";
import { stackContents } from "./stack.ts";

/** A resource as the state keeps it; more properties pass through untouched. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}
/** What `pulumi stack export` prints, as far as it is read here. */
export interface Exported {
  readonly deployment: {
    readonly resources?: readonly StateResource[];
    readonly pending_operations?: readonly { readonly type: string; readonly resource: StateResource }[];
  };
}

/**
 * Settles what a killed Pulumi left open. It wrote down that it began to make something, not whether it was made: left alone, the
 * next run makes it again beside the first, or is refused because it exists. What exists is put into the state under its id, the rest
 * is forgotten, and a refresh fills in the details. Nothing open: does nothing.
 */
export async function settlePendingCreates(cliDir: string, tell: (line: string) => void): Promise<void> {
  if ((await stackContents()).open === 0) return; // without the half second that the CLI takes to answer
  const pulumi = (...args: string[]) => run(path.join(cliDir, "pulumi"), [...args, "--non-interactive"], { cwd: projectDir, env: pulumiEnvironment(cliDir), timeoutMs: 120_000 });
  const state: Exported = JSON.parse(await pulumi("stack", "export"));
  const open = state.deployment.pending_operations ?? [];
  const known = new Set((state.deployment.resources ?? []).flatMap(({ id }) => id ? [id] : []));
  const ids = new Map<string, string>();
  for (const { type, resource } of open) {
    const id = type === "creating" ? await findCreated(resource.type, resource.inputs ?? {}, known) : undefined;
    if (id !== undefined) ids.set(resource.urn, id);
  }
  tell(`stack        an earlier run was killed in ${open.length} steps; ${ids.size} of the things it was making exist and are taken over`);
  const file = path.join(labDir, "settled.json");
  try {
    await fs.writeFile(file, JSON.stringify(settled(state, ids)), { mode: 0o600 });
    await pulumi("stack", "import", "--file", file);
  } finally {
    await fs.rm(file, { force: true });
  }
  await runPulumi(cliDir, ["refresh", "--yes", "--skip-preview"], tell);
}

/** The state with the found ones as resources, and nothing open. Pure. */
export function settled(state: Exported, ids: ReadonlyMap<string, string>): Exported {
  const { resources = [], pending_operations: open = [], ...rest } = state.deployment;
  const found = open.flatMap(({ resource }) => {
    const id = ids.get(resource.urn);
    // Begun after all it depends on was complete, so the end of the list is the right place.
    return id === undefined || resources.some(({ urn }) => urn === resource.urn) ? [] : [{ ...resource, id, outputs: resource.inputs ?? {} }];
  });
  return { ...state, deployment: { ...rest, resources: [...resources, ...found], pending_operations: [] } };
}
