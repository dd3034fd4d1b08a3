/**
 * What the CLI says about a stack when it is asked, and why it says nothing, with the next step.
 */
import { projectDir } from "../../lab/paths.ts";
import { tellAside, telling } from "../../lab/patience.ts";
import { CommandError, run } from "../../lab/shell.ts";

/** How the CLI is asked; without a name it is asked about the selected stack. */
export interface Asked {
  readonly name: string | undefined;
  readonly cli: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly settings?: readonly string[];
}

/** The version of the SDK in package.json. */
export const noCli = "install the Pulumi CLI 3.259.0 (https://www.pulumi.com/docs/install/)";

/**
 * Runs one command of the CLI that only reads, and returns what it printed. It has 60 s, and from
 * the fifth on a line says that it is waited for. Throws a sentence with the next step.
 */
export async function pulumi(stack: Asked, args: readonly [string, ...string[]]): Promise<string> {
  const named = stack.name === undefined ? [] : ["--stack", stack.name];
  try {
    return await ask(stack, [...args, ...named]);
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new Error(await inWords(stack, args, error));
  }
}

function ask({ cli, env }: Asked, args: readonly string[]): Promise<string> {
  const answer = run(cli, [...args, "--non-interactive"], { cwd: projectDir, env });
  return telling(answer, `waiting for \`pulumi ${args.slice(0, 2).join(" ")}\``, tellAside);
}

/** Every failure that a person can do something about, by the CLI's own words for it. */
export async function inWords(
  stack: Asked,
  args: readonly string[],
  { message, output }: CommandError,
): Promise<string> {
  const what = stack.name === undefined ? "the selected stack" : `the stack ${stack.name}`;
  if (message.includes("ENOENT"))
    return `there is no \`pulumi\` on PATH to look for ${what} with; ${noCli} and log in`;
  if (message.includes("gave no result in"))
    return (
      `\`pulumi ${args.slice(0, 2).join(" ")}\` gave no answer about ${what} in a minute: its ` +
      "backend (pulumi whoami --verbose names it) hangs or is out of reach from here; then run " +
      "the command again"
    );
  if (/PULUMI_ACCESS_TOKEN|not logged in|invalid access token|401/i.test(output))
    return (
      `\`pulumi\` is not logged in, so ${what} cannot be looked for; type: pulumi login, or set ` +
      "PULUMI_ACCESS_TOKEN or PULUMI_BACKEND_URL"
    );
  if (/no stack named/.test(output))
    return `there is no stack ${stack.name} where \`pulumi\` is logged in; ${await known(stack)}`;
  if (/no stack selected/.test(output))
    return (
      "the lab has no cluster here, and no stack is selected in your `pulumi`; npm run up makes " +
      `the lab's; for one of your own add: --stack NAME; ${await known(stack)}`
    );
  if (/passphrase must be set/.test(output))
    return (
      `the secrets of ${what} are locked; set PULUMI_CONFIG_PASSPHRASE or ` +
      "PULUMI_CONFIG_PASSPHRASE_FILE and run the command again"
    );
  if (/incorrect passphrase/.test(output))
    return (
      `the secrets of ${what} stay locked: PULUMI_CONFIG_PASSPHRASE (or …_FILE) holds another ` +
      "passphrase than theirs; set the right one and run the command again"
    );
  return (
    `\`pulumi ${args.slice(0, 2).join(" ")}\` fails on ` +
    `${what}:\n${indented(output || message)}`
  );
}

/** The stacks of the project, in words that end a sentence. */
async function known(stack: Asked): Promise<string> {
  const text = await ask(stack, ["stack", "ls", "--json"]).catch(() => "[]"); // then none is named
  const names = (JSON.parse(text) as { name: string }[]).map(({ name }) => name);
  return names.length > 0
    ? `there ${names.length === 1 ? "is" : "are"} ${names.join(", ")}`
    : "there is none of this project; another login or PULUMI_BACKEND_URL may know it";
}

function indented(text: string): string {
  return text
    .trim()
    .split("\n")
    .slice(-15)
    .map((line) => `  ${line}`)
    .join("\n");
}
