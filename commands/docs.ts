import * as fs from "node:fs/promises";
import * as path from "node:path";
import { configurationPage } from "../docs/configurationTable.ts";
import { command, usageError } from "./terminal/command.ts";
import { projectDir } from "../lab/paths.ts";

const help = `
npm run docs        writes docs/configuration.md from Pulumi.yaml and index.ts
`;

await command("docs", help, async (args) => {
  if (args.length > 0) throw usageError("docs", `docs takes no arguments (got ${args.join(" ")})`);
  const read = (name: string) => fs.readFile(path.join(projectDir, name), "utf8");
  const file = path.join(projectDir, "docs/configuration.md");
  const before = await fs.readFile(file, "utf8").catch(() => ""); // no page yet
  const page = configurationPage(await read("Pulumi.yaml"), await read("index.ts"));
  if (page !== before) await fs.writeFile(file, page);
  process.stdout.write(`docs/configuration.md ${page === before ? "was up to date" : "written"}\n`);
});
