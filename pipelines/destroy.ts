import { ends, type End, type Pipeline } from "./pipeline.ts";

/** Removes the cluster with its data, after the typed word. */
export async function destroy(pipeline: Pipeline): Promise<End> {
  const { stack, confirmation } = pipeline.settings;
  const word = `destroy ${stack}`;
  if (confirmation !== word) {
    pipeline.tell(`${stack}: refused, nothing was removed. Type "${word}" to remove its cluster`);
    return ends.refused;
  }
  return pipeline.change(["destroy"], "destroy");
}
