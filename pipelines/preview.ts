import { keepComment } from "./github.ts";
import { ends, type End, type Pipeline } from "./pipeline.ts";
import type { Plan } from "./plan.ts";
import { Cancelled } from "./pulumi.ts";
import { failureText, planText } from "./words.ts";

/**
 * Shows the plan: in the log, on the job's page, in one comment of the pull request, also when
 * there is none. Hands its digest on to the job that applies it.
 */
export async function preview(pipeline: Pipeline): Promise<End> {
  const { stack, commit, refresh } = pipeline.settings;
  let plan: Plan;
  try {
    plan = await pipeline.plan(refresh);
  } catch (error) {
    if (error instanceof Cancelled) throw error;
    const text = failureText(stack, "preview failed", (error as Error).message);
    pipeline.tell(text);
    await comment(pipeline, text);
    return ends.failed;
  }
  const text = planText(stack, plan, commit);
  pipeline.tell(text);
  pipeline.hand({ digest: plan.digest, changes: plan.changes.length });
  await comment(pipeline, text);
  return ends.done;
}

async function comment(pipeline: Pipeline, text: string): Promise<void> {
  const { github, pullRequest, stack } = pipeline.settings;
  if (!github || pullRequest === 0) return;
  await keepComment(github, pullRequest, `<!-- etcd preview ${stack} -->`, pipeline.hide(text));
}
