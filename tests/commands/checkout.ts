/**
 * A checkout of its own for the commands, so that a lab of ours is none of theirs, and programs on
 * PATH that answer as they are told and note how they were called.
 */
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { projectDir } from "../../lab/paths.ts";
import { CommandError, run } from "../../lab/shell.ts";

/** What the fake `pulumi` answers, by its arguments without --non-interactive. */
export type Answers = Readonly<
  Record<string, { readonly out?: unknown; readonly err?: string; readonly code?: number }>
>;

/** How a fake program was called; `files` are those that its arguments or variables name. */
export interface Recorded {
  readonly args: string[];
  readonly env: Record<string, string>;
  readonly files: Record<string, { content: string; mode: string; folderMode: string }>;
}

const fakePulumi = `
const fs = require("node:fs");
const args = process.argv.slice(2).filter((arg) => arg !== "--non-interactive").join(" ");
if (args === "version") { console.log("v3.259.0"); process.exit(0); }
fs.appendFileSync(process.env.TEST_FOLDER + "/pulumi.calls", Date.now() + " " + args + "\\n");
fs.writeFileSync(process.env.TEST_FOLDER + "/pulumi.env", JSON.stringify(process.env));
const answers = JSON.parse(fs.readFileSync(process.env.TEST_FOLDER + "/answers.json", "utf8"));
const unexpected = { err: "unexpected: pulumi " + args, code: 99 };
const { out, err = "", code = 0 } = answers[args] ?? unexpected;
if (out !== undefined) console.log(typeof out === "string" ? out : JSON.stringify(out));
process.stderr.write(err);
process.exit(code);
`;
const fakeTool = `
const fs = require("node:fs");
const path = require("node:path");
const args = process.argv.slice(2);
const env = Object.fromEntries(Object.entries(process.env).filter(([n]) => /^ETCDCTL_/.test(n)));
const mode = (place) => (fs.statSync(place).mode & 0o777).toString(8);
const files = {};
for (const word of [...args, ...Object.values(env)]) {
  const place = word.replace(/^UserKnownHostsFile=/, "");
  if (!path.isAbsolute(place) || place === "/dev/null" || !fs.existsSync(place)) continue;
  const content = fs.readFileSync(place, "utf8");
  files[place] = { content, mode: mode(place), folderMode: mode(path.dirname(place)) };
}
const record = process.env.TEST_FOLDER + "/record.json";
fs.writeFileSync(record + ".part", JSON.stringify({ args, env, files }));
fs.renameSync(record + ".part", record);
if (process.env.TEST_HANG) setInterval(() => undefined, 1000);
else process.exit(Number(process.env.TEST_EXIT ?? 0));
`;

export interface Checkout {
  readonly folder: string;
  /** The environment of the commands: nothing is on PATH but the fakes that were asked for. */
  env(tools: readonly string[], answers?: Answers): Record<string, string | undefined>;
  /** Both streams as they come, in whole lines. */
  call(
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>>,
  ): Promise<{ code: number | null; text: string }>;
  /** How the last fake other than `pulumi` was called. */
  recorded(): Recorded;
  /** When the fake `pulumi` was first called, in milliseconds since 1970. */
  firstCall(): number;
  /** The environment of the last fake `pulumi`. */
  pulumiEnv(): Record<string, string>;
  remove(): void;
}

export function makeCheckout(): Checkout {
  const folder = mkdtempSync(path.join(tmpdir(), "etcd-checkout-"));
  for (const part of ["commands", "components", "lab"])
    cpSync(path.join(projectDir, part), path.join(folder, part), { recursive: true });
  for (const part of ["package.json", "package-lock.json", "Pulumi.yaml", "Pulumi.dev.yaml"])
    cpSync(path.join(projectDir, part), path.join(folder, part));
  symlinkSync(path.join(projectDir, "node_modules"), path.join(folder, "node_modules"));
  const json = (file: string) => JSON.parse(readFileSync(path.join(folder, file), "utf8"));
  return {
    folder,
    env(tools, answers = {}) {
      writeFileSync(path.join(folder, "answers.json"), JSON.stringify(answers));
      const bin = path.join(folder, "bin");
      rmSync(bin, { recursive: true, force: true });
      rmSync(path.join(folder, "record.json"), { force: true });
      mkdirSync(bin);
      writeFileSync(path.join(bin, "package.json"), '{"type":"commonjs"}');
      for (const tool of tools) {
        const program = tool === "pulumi" ? fakePulumi : fakeTool;
        writeFileSync(path.join(bin, tool), `#!${process.execPath}\n${program}`);
        chmodSync(path.join(bin, tool), 0o755);
      }
      return {
        PATH: bin,
        TEST_FOLDER: folder,
        TMPDIR: folder,
        NODE_TEST_CONTEXT: undefined,
        SSH_AUTH_SOCK: undefined,
      };
    },
    async call(args, env) {
      const program = [path.join(folder, "commands/run.mjs"), ...args];
      let text = "";
      const onLine = (line: string) => {
        text += `${line}\n`;
      };
      try {
        await run(process.execPath, program, { cwd: folder, env, onLine });
        return { code: 0, text };
      } catch (error) {
        if (!(error instanceof CommandError)) throw error;
        return { code: error.code, text };
      }
    },
    recorded: () => json("record.json"),
    firstCall: () => parseInt(readFileSync(path.join(folder, "pulumi.calls"), "utf8"), 10),
    pulumiEnv: () => json("pulumi.env"),
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
