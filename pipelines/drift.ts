import { keepIssue } from "./github.ts";
import { ends, type End, type Pipeline } from "./pipeline.ts";
import type { Plan } from "./plan.ts";
import { Cancelled } from "./pulumi.ts";
import { blindText, driftText } from "./words.ts";

/**
 * Asks the services what is there, and keeps one issue while it is not what the program says. It
 * changes nothing. A look that failed is no look: the issue says so.
 */
export async function drift(pipeline: Pipeline): Promise<End> {
  const { stack, commit } = pipeline.settings;
  let plan: Plan;
  try {
    plan = await pipeline.plan(true);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    const text = blindText(stack, (error as Error).message);
    pipeline.tell(text);
    await issue(pipeline, text);
    return ends.failed;
  }
  const differs = plan.changes.length > 0;
  const text = differs ? driftText(stack, plan, commit) : undefined;
  pipeline.tell(text ?? `${stack}: as its program says`);
  pipeline.hand({ drift: differs });
  await issue(pipeline, text);
  return differs ? ends.drift : ends.done;
}

async function issue(pipeline: Pipeline, text: string | undefined): Promise<void> {
  const { github, stack } = pipeline.settings;
  if (!github) return;
  const mark = `<!-- etcd drift ${stack} -->`;
  const body = text === undefined ? undefined : pipeline.hide(text);
  const done = await keepIssue(github, mark, `Drift in ${stack}`, body);
  pipeline.say(`issue: ${done}`);
}
