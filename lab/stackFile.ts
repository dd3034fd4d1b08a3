import * as fs from "node:fs/promises";
import * as path from "node:path";
import { addresses } from "./addresses.ts";
import { labDir, projectDir } from "./paths.ts";

/** The network that the committed Pulumi.dev.yaml is written for. */
const committed = "10.213.";

/**
 * Arguments that make the CLI read the stack's settings for the network the lab is on: none on the
 * usual one, and with LAB_CIDR a copy of Pulumi.dev.yaml below .lab with that network in place of
 * the committed one.
 */
export async function stackFileArguments(): Promise<string[]> {
  const network = addresses.gateway.replace(/0\.1$/, "");
  if (network === committed) return [];
  const file = path.join(labDir, "Pulumi.dev.yaml");
  const text = await fs.readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8");
  await fs.mkdir(labDir, { recursive: true });
  await fs.writeFile(file, text.replaceAll(committed, network));
  return ["--config-file", file];
}
