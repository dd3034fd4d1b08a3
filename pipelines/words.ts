/** Plans, differences and refusals in Markdown: for a comment, an issue, a summary, a log. Pure. */
import type { Change, Op, Plan } from "./plan.ts";

/** A comment and an issue have room for 65536 characters; the rest is for what stands around. */
const room = 50_000;
/** As a diff is coloured: green, red, and orange for what is changed in place. */
const signs: Readonly<Record<Op, string>> = {
  create: "+",
  delete: "-",
  replace: "- replace",
  update: "!",
  other: "!",
};

export function lineOf({ op, said, type, name, reasons }: Change): string {
  const why = reasons.length ? ` [${reasons.join(", ")}]` : "";
  return `${signs[op]}${op === "other" ? ` ${said}` : ""} ${type} ${name}${why}`;
}

/** The short form of a digest, as people compare it. */
export function short(digest: string): string {
  return digest.slice(0, 12);
}

export function planText(stack: string, plan: Plan, commit: string): string {
  const { changes, digest, warnings } = plan;
  const of = commit ? ` of ${commit.slice(0, 12)}` : "";
  const gone = changes.filter(({ op }) => op === "delete" || op === "replace");
  return [
    `### ${stack}: ${counted(changes.length)}`,
    ...(changes.length ? [block(changes.map(lineOf), "diff")] : ["Nothing to do."]),
    ...(gone.length
      ? [`**${gone.length} deleted or replaced:** ${gone.map(({ name }) => name).join(", ")}`]
      : []),
    ...(warnings.length ? ["Warnings:", block(warnings)] : []),
    `plan \`${short(digest)}\`${of}`,
  ].join("\n\n");
}

export function failureText(stack: string, what: string, reason: string): string {
  return `### ${stack}: ${what}\n\n${block(reason.split("\n"))}`;
}

/** What an issue says while the stack differs from its program. */
export function driftText(stack: string, { changes, digest }: Plan, commit: string): string {
  const isDue = ({ type }: Change) => /etcd:Certificate(Authority)?$/.test(type);
  const due = changes.filter(isDue);
  const others = changes.filter((change) => !isDue(change));
  const of = commit ? ` of ${commit.slice(0, 12)}` : "";
  return [
    `\`${stack}\` is not as its program${of} says: ${counted(changes.length)} would put it right.`,
    ...(others.length ? [block(others.map(lineOf), "diff")] : []),
    ...(due.length
      ? ["Certificates that are due, and what follows from them:", block(due.map(lineOf), "diff")]
      : []),
    "Nothing was changed. To put it right, run the workflow *deploy* with *refresh* (on GitLab a " +
      "pipeline with `REFRESH` = `true`), and approve the plan. When somebody's change was " +
      "right, change the program or its settings instead. This issue is closed when nothing " +
      "differs any more.",
    `plan \`${short(digest)}\``,
  ].join("\n\n");
}

export function blindText(stack: string, reason: string): string {
  return [
    `\`${stack}\` could not be looked at, so nobody knows whether it differs from its program:`,
    block(reason.split("\n")),
    "The next run that can look closes this issue, or says what differs.",
  ].join("\n\n");
}

function counted(count: number): string {
  return count === 1 ? "1 change" : `${count} changes`;
}

/** Fenced, cut where it would not fit. A fence in the text does not end it. */
function block(lines: readonly string[], language = ""): string {
  const shown: string[] = [];
  let length = 0;
  for (const line of lines) {
    length += line.length + 1;
    if (length > room) break;
    shown.push(line);
  }
  const left = lines.length - shown.length;
  if (left > 0) shown.push(`… ${left} more lines, in the job's log`);
  const longest = Math.max(2, ...(lines.join("\n").match(/`{3,}/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}${language}\n${shown.join("\n")}\n${fence}`;
}
