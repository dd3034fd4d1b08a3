import { command, usageError } from "./terminal/command.ts";
import { check } from "./checks/allChecks.ts";

const help = `
npm run check              format, types and lint of everything that is in the project
npm run check -- --fix     the same, and formatters and linters change what they can

A line for each tool with its seconds, its findings before it; exit code 1 when there are any.
Shell scripts are read by shellcheck where the machine has it.
`;

await command("check", help, async (args) => {
  const fix = args[0] === "--fix";
  const unknown = args.slice(fix ? 1 : 0);
  if (unknown.length > 0)
    throw usageError("check", `check takes --fix only (got ${unknown.join(" ")})`);
  const { failed } = await check((line) => {
    process.stdout.write(`${line}\n`);
  }, fix);
  return failed > 0 ? 1 : 0;
});
