/**
 * What a preview means to do, in a form that does not depend on the order of the run, and its
 * digest: what a person approves, and what is compared again before it is applied. Pure.
 */
import { createHash } from "node:crypto";

/** A resource as `pulumi preview --json` has it. Secrets are "[secret]" in it. */
interface State {
  readonly id?: string;
  readonly type?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
}

export interface Step {
  readonly op: string;
  readonly urn: string;
  readonly oldState?: State | null;
  readonly newState?: State | null;
  readonly diffReasons?: readonly string[] | null;
  readonly replaceReasons?: readonly string[] | null;
}

/** The part of `pulumi preview --json` that is read here. */
export interface Preview {
  readonly steps?: readonly Step[];
  readonly diagnostics?: readonly { readonly severity: string; readonly message: string }[];
}

export type Op = "create" | "update" | "replace" | "delete" | "other";

/** What happens to one resource. */
export interface Change {
  readonly op: Op;
  /** The CLI's own word for it. */
  readonly said: string;
  /** Such as `aws:ec2/instance:Instance`, and the logical name. */
  readonly type: string;
  readonly name: string;
  /** Names of the inputs that ask for it. */
  readonly reasons: readonly string[];
}

export interface Plan {
  /** Of operations, inputs and what is there now; 64 hexadecimal digits. */
  readonly digest: string;
  /** One for each resource, by name. */
  readonly changes: readonly Change[];
  /** What the program and the policy pack warned of. */
  readonly warnings: readonly string[];
}

/** Steps that change nothing in the world. */
const quiet = new Set(["same", "read", "read-discard", "refresh"]);
const ops: Readonly<Record<string, Op>> = {
  create: "create",
  update: "update",
  delete: "delete",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
};

/**
 * The digest holds what is there, too: a plan that was made before another change was applied is
 * not this plan, even when it ends in the same.
 */
export function planOf({ steps = [], diagnostics = [] }: Preview): Plan {
  const loud = steps.filter(({ op }) => !quiet.has(op));
  const drawn = drawnNames(loud);
  const facts = loud.map((step) =>
    withoutDrawn(
      drawn,
      stable([
        step.op,
        step.urn,
        [...(step.diffReasons ?? [])].sort(),
        [...(step.replaceReasons ?? [])].sort(),
        step.oldState ? [step.oldState.id ?? "", step.oldState.inputs ?? {}] : null,
        step.newState?.inputs ?? null,
      ]),
    ),
  );
  const byUrn = Map.groupBy(loud, ({ urn }) => urn);
  return {
    digest: createHash("sha256").update(facts.sort().join("\n")).digest("hex"),
    changes: [...byUrn]
      .map(([urn, same]) => changeOf(urn, same))
      .sort((a, b) => (a.name + a.type < b.name + b.type ? -1 : 1)),
    warnings: messages(diagnostics, "warning"),
  };
}

/**
 * Names that a provider gives, such as etcd-key-4bf468e: the logical name, and seven digits drawn
 * in every preview of what is not there yet. Others name them, too.
 */
function drawnNames(steps: readonly Step[]): Set<string> {
  const names = steps.flatMap(({ urn, oldState, newState }) => {
    const { __defaults: defaults, ...inputs } = newState?.inputs ?? {};
    const logical = urn.split("::").at(-1) ?? "";
    const isDrawn = ([key, value]: readonly [string, unknown]): boolean =>
      (Array.isArray(defaults) ? (defaults as unknown[]) : []).includes(key) &&
      typeof value === "string" &&
      value.startsWith(`${logical}-`) &&
      /^[0-9a-f]{7}$/.test(value.slice(logical.length + 1)) &&
      oldState?.inputs?.[key] !== value;
    return Object.entries(inputs)
      .filter(isDrawn)
      .map(([, value]) => value as string);
  });
  return new Set(names);
}

function withoutDrawn(drawn: ReadonlySet<string>, facts: string): string {
  let same = facts;
  for (const name of drawn) same = same.replaceAll(`"${name}"`, `"${name.slice(0, -7)}*"`);
  return same;
}

/** What stopped a preview, in the program's words. */
export function refusals({ diagnostics = [] }: Preview): string[] {
  return messages(diagnostics, "error");
}

/**
 * The rules that a preview broke, from its text: its JSON does not have them. With what the rules
 * say, which stands below each.
 */
export function violations(text: string): string[] {
  const start = text.search(/^Policies:/m);
  if (start < 0) return [];
  const lines = text.slice(start).split("\n").slice(1);
  const end = lines.findIndex((line) => /^\S/.test(line));
  const own = lines.slice(0, end < 0 ? undefined : end).map((line) => line.trim());
  return own.some((line) => line.includes("[mandatory]")) ? own.filter(Boolean) : [];
}

function messages(all: NonNullable<Preview["diagnostics"]>, severity: string): string[] {
  const own = all.filter((line) => line.severity === severity).map(({ message }) => message.trim());
  return [...new Set(own)];
}

/** A replacement is up to three steps of one resource. */
function changeOf(urn: string, steps: readonly Step[]): Change {
  const [, , type = "", ...name] = urn.split("::");
  const said = steps.map(({ op }) => op);
  const each = said.map((op) => ops[op] ?? "other");
  const op = each.find((one) => one === "replace") ?? each[0] ?? "other";
  const reasons = steps.flatMap(({ diffReasons, replaceReasons }) => [
    ...(replaceReasons ?? []),
    ...(diffReasons ?? []),
  ]);
  return {
    op,
    said: said[0] ?? "",
    type: type.split("$").at(-1) ?? "",
    name: name.join("::"),
    // The code of a dynamic resource: another release of this program.
    reasons: [...new Set(reasons)].filter((reason) => reason !== "__provider").sort(),
  };
}

/** JSON with sorted keys. */
function stable(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(stable).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${stable(item)}`).join(",")}}`;
}
