import { stackContents } from "../../lab/stack.ts";
import { runPulumi } from "./pulumiRun.ts";
import type { StackAccess } from "./stackAccess.ts";

/**
 * Does for the lab's stack what a person does after a run that was killed: it noted which steps it
 * had begun, not whether they were done, so what a cut-off destroy removed would still count as
 * there. The program itself heals what a cut-off `up` made. Nothing open: does nothing.
 */
export async function lookAfterKill(
  stack: StackAccess,
  tell: (line: string) => void,
): Promise<void> {
  const { open } = await stackContents();
  if (open === 0) return;
  tell(
    `stack        an earlier run was killed in ${open} steps: looking at what there is ` +
      "(pulumi refresh --clear-pending-creates)",
  );
  await runPulumi(stack, ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"], tell);
}
