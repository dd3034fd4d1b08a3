import * as fs from "node:fs/promises";
import * as path from "node:path";
import { schema } from "../components/settings/schema.ts";
import { configurationPage } from "../docs/configurationTable.ts";
import { withSettings } from "../docs/projectFile.ts";
import { settingRows } from "../docs/settingRows.ts";
import { command, usageError } from "./terminal/command.ts";
import { projectDir } from "../lab/paths.ts";

const help = `
npm run docs        writes docs/configuration.md and the config section of Pulumi.yaml,
                    from components/settings/schema.ts and index.ts
`;

await command("docs", help, async (args) => {
  if (args.length > 0) throw usageError("docs", `docs takes no arguments (got ${args.join(" ")})`);
  const settings = settingRows(schema);
  const read = (name: string) => fs.readFile(path.join(projectDir, name), "utf8");
  const write = async (name: string, text: string) => {
    const before = await read(name).catch(() => ""); // no page yet
    if (text !== before) await fs.writeFile(path.join(projectDir, name), text);
    process.stdout.write(`${name} ${text === before ? "was up to date" : "written"}\n`);
  };
  await write("Pulumi.yaml", withSettings(await read("Pulumi.yaml"), settings));
  await write("docs/configuration.md", configurationPage(settings, await read("index.ts")));
});
