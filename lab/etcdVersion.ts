import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parse } from "yaml";
import { projectDir } from "./paths.ts";

/**
 * The version of etcd the dev stack asks for, else Pulumi.yaml's default: the lab's mirror must
 * have it.
 */
export async function etcdVersion(): Promise<string> {
  const stack = await config("Pulumi.dev.yaml");
  const project = await config("Pulumi.yaml");
  const declared = project.etcdVersion;
  const version =
    stack["etcd:etcdVersion"] ??
    (typeof declared === "object" && declared !== null && "default" in declared
      ? declared.default
      : undefined);
  if (typeof version !== "string")
    throw new Error(
      "etcdVersion: a text such as 3.6.14 is needed in Pulumi.dev.yaml or as default in " +
        "Pulumi.yaml, so that the lab offers that etcd",
    );
  return version;
}

async function config(file: string): Promise<Record<string, unknown>> {
  const content: { config?: Record<string, unknown> } | null = parse(
    await fs.readFile(path.join(projectDir, file), "utf8"),
  );
  return content?.config ?? {};
}
