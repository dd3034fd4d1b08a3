import { spawn } from "node:child_process";
import { drift } from "./drift.ts";
import { whyNotHealed } from "./healing.ts";
import { ends, type End, type Pipeline } from "./pipeline.ts";
import { withPolicy } from "./pulumi.ts";
import { lineOf } from "./words.ts";

const statusMs = 180_000;

/**
 * Replaces what is lost, where that is all there is to do, and looks again. Anything else is
 * refused with its reasons, and the issue of the drift stays. Runs inside the members' network.
 */
export async function heal(pipeline: Pipeline): Promise<End> {
  const { stack } = pipeline.settings;
  const found = await pipeline.plan(true);
  if (found.changes.length === 0) {
    pipeline.tell(`${stack}: nothing is lost`);
    return drift(pipeline);
  }
  const asked = await pipeline.plan(false);
  const { healthy, declared } = await members(stack);
  const problems = whyNotHealed({ asked, found, healthy, declared });
  if (problems.length) {
    pipeline.tell(
      [
        `${stack}: not healed, a person has to look:`,
        ...problems.map((problem) => `- ${problem}`),
      ].join("\n"),
    );
    return ends.refused;
  }
  pipeline.tell([`${stack}: replacing what is lost:`, ...found.changes.map(lineOf)].join("\n"));
  const end = await pipeline.change(["up", "--refresh", ...withPolicy], "up");
  return end === ends.done ? drift(pipeline) : end;
}

interface Status {
  readonly members: readonly { readonly name: string; readonly healthy: boolean }[];
}

/** Asks etcd itself, as `npm run status` does. */
async function members(stack: string): Promise<{ healthy: string[]; declared: number }> {
  const child = spawn(process.execPath, ["commands/status.ts", "--json", "--stack", stack], {
    stdio: ["ignore", "pipe", "inherit"],
    timeout: statusMs,
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  let status: Status;
  try {
    status = JSON.parse(said) as Status;
  } catch {
    throw new Error(
      `the members could not be asked: npm run status -- --json --stack ${stack} said no JSON ` +
        `(${JSON.stringify(said.slice(0, 200))}); the runner has to reach their private addresses`,
    );
  }
  const well = status.members.filter(({ healthy }) => healthy);
  return { healthy: well.map(({ name }) => name), declared: status.members.length };
}
