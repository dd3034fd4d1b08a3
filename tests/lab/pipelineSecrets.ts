import * as fs from "node:fs/promises";
import * as path from "node:path";
import { labDir } from "../../lab/paths.ts";
import type { PipelineWorld } from "./pipelineWorld.ts";

/** Whatever the state encrypts, and the operator's SSH key: the middle line of each key. */
export async function secretsOfStack(world: PipelineWorld): Promise<Record<string, string>> {
  const { text } = await world.program(
    "pulumi",
    ...["stack", "export", "--show-secrets", "--stack", "prod"],
  );
  const found: Record<string, string> = {};
  const note = (name: string, value: unknown) => {
    if (typeof value !== "string") return;
    const lines = value.split("\n").filter((line) => line.length > 16);
    const line = lines[Math.floor(lines.length / 2)] ?? "";
    if (line !== "") found[name] = line;
  };
  const state = JSON.parse(text) as {
    deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
  };
  for (const { urn, outputs = {} } of state.deployment.resources)
    for (const key of ["privateKey", "hostPrivateKey", "seed"]) {
      const secret = outputs[key] as { plaintext?: string } | undefined;
      if (secret?.plaintext)
        note(`${urn.split("::").at(-1) ?? ""}.${key}`, JSON.parse(secret.plaintext));
    }
  note("ssh key", await fs.readFile(path.join(labDir, "keys/admin"), "utf8"));
  const config = await world.program(
    "pulumi",
    ...["config", "get", "cloudflare:apiToken", "--stack", "prod"],
  );
  note("Cloudflare's token", config.text.trim());
  return found;
}
