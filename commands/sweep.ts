import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { openStack } from "./stack/stackAccess.ts";
import { sweep } from "./sweep/conversation.ts";
import { sweptStack } from "./sweep/sweptStack.ts";
import { readArguments, stackOption } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";

const help = `
npm run sweep -- [--stack NAME]

Lists what bears the stack's marks in EC2 (in the stack's region) and at Cloudflare and is not in
its state: left by runs that were cut off, kept on purpose, or forgotten by a state that is older
than the world. It asks group by group, by a typed word, and removes only what was given up: first
what may be a member or hold its data, then the rest.

What still belongs to the cluster is taken back with the \`pulumi import\` line that \`pulumi up\`
names. Without a terminal it only lists, with exit code 1 when there is something.

Without --stack: the lab's stack when there is one, else the one that is selected in your pulumi.
`;

await command("sweep", help, async (args) => {
  const { stack: name } = readArguments("sweep", args, stackOption);
  const stack = await sweptStack(await openStack("sweep", name));
  const tell = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  if (!process.stdin.isTTY) return sweep(stack, { tell, ask: undefined });
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const closed = once(terminal, "close").then(() => ""); // Ctrl-D keeps all
  try {
    return await sweep(stack, {
      tell,
      ask: (question) => Promise.race([terminal.question(question), closed]),
    });
  } finally {
    terminal.close();
  }
});
