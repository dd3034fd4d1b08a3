/**
 * What every pipeline calls, on GitHub and on GitLab. A step runs it in its own place, or a cancel
 * reaches its shell alone and the CLI runs on:
 *
 *     exec node pipelines/main.ts preview | apply | drift | heal | destroy
 *
 * It needs Node, the Pulumi CLI and what the stack needs; its settings are environment variables
 * (settings.ts). Ends with 0 when all is well, 1 when something failed, 2 for drift, 3 when it
 * refused, 5 when the stack is somebody's, 130 when it was cancelled.
 */
import { apply } from "./apply.ts";
import { destroy } from "./destroy.ts";
import { drift } from "./drift.ts";
import { heal } from "./heal.ts";
import { ends, Pipeline, type End } from "./pipeline.ts";
import { preview } from "./preview.ts";
import { Cancelled, heedSignals } from "./pulumi.ts";
import { hiding, secretsOf } from "./secrets.ts";
import { settingsIn } from "./settings.ts";

const commands: Readonly<Record<string, (pipeline: Pipeline) => Promise<End>>> = {
  preview,
  apply,
  drift,
  heal,
  destroy,
};

async function main([name = ""]: readonly string[]): Promise<End> {
  let hide = hiding(secretsOf(process.env));
  const complain = (text: string) => process.stderr.write(`${hide(text)}\n`);
  heedSignals(complain);
  try {
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (!command)
      throw new Error(
        `command: one of ${Object.keys(commands).join(", ")} (got ${JSON.stringify(name)})`,
      );
    const pipeline = new Pipeline(settingsIn(process.env), process.env);
    await pipeline.learnSecrets();
    hide = (text) => pipeline.hide(text);
    return await command(pipeline);
  } catch (error) {
    complain((error as Error).message);
    return error instanceof Cancelled ? ends.cancelled : ends.failed;
  }
}

process.exitCode = await main(process.argv.slice(2));
