import { ends, type End, type Pipeline } from "./pipeline.ts";
import { withPolicy } from "./pulumi.ts";
import { planText, short } from "./words.ts";

/** Applies the plan that was approved, or refuses: also when the world is another one since. */
export async function apply(pipeline: Pipeline): Promise<End> {
  const { stack, approved, refresh, commit } = pipeline.settings;
  if (!approved)
    throw new Error(
      "APPROVED: the digest of the plan that was approved (got nothing); it is the output of the " +
        "job that ran preview",
    );
  const plan = await pipeline.plan(refresh);
  if (plan.changes.length === 0) {
    pipeline.tell(`${stack}: nothing to do`);
    return ends.done;
  }
  if (plan.digest !== approved) {
    pipeline.tell(planText(stack, plan, commit));
    pipeline.tell(
      `${stack}: refused. This is not the plan that was approved (\`${short(approved)}\`): the ` +
        "stack or the world has changed since. Nothing was applied. Read this plan, and run the " +
        "workflow again to approve it.",
    );
    return ends.refused;
  }
  const more = refresh ? ["--refresh"] : [];
  return pipeline.change(["up", ...more, ...withPolicy], "up");
}
