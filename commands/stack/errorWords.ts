/**
 * What the errors of a run say: without the frames that the engine and the providers put around
 * them, with the resource, the node and its address, and with the next step. Pure. Refusals of ours
 * say all that themselves, and stand alone and whole.
 */
import type { Failure } from "./failures.ts";
import { type Commands, nextStep } from "./nextSteps.ts";

const hook =
  /^(?:(?:error: )?(?:Preview|update) failed: )?before hook "[^"]*" failed: (?:Error: )?/i;
const check =
  /^(\S+) resource '([^']*)'(?: \([^)]*\))?:? (?:property \S+ value \{[^}]*\} )?has a problem: /;
/** Terraform's providers, as the bridge shows them: a line of a log, then a list of one. */
const bridge = [
  /^sdk-v2\/\S+ sdk\.helper_schema: (?=[^]*: provider=\S+$)/,
  /: provider=[\w-]+@[\w.+-]+$/,
  /^\d+ errors? occurred:\s*(?:\* )?/,
  /^(?:creating|updating|deleting|refreshing|reading) urn:\S+: (?=.)/,
];

/** That a run failed is said by how it ended. */
const empty = /^(?:error: )?(?:update|preview|destroy|refresh) failed$/i;

/** The errors of a run, each once; what says nothing only when it is alone. */
export function errorWords(failures: readonly Failure[], commands: Commands): string[] {
  const telling = failures.filter(({ message }) => !empty.test(message.trim()));
  return [...new Set((telling.length ? telling : failures).map((one) => inWords(one, commands)))];
}

function inWords({ message, resource, node }: Failure, commands: Commands): string {
  const text = message.trim();
  if (hook.test(text)) return text.replace(hook, "");
  // A check names the resource in its frame.
  const [frame, type, name] = check.exec(text) ?? [];
  const of = type && name ? { type, name } : resource;
  if (!of) return text;
  if (!/^(?:aws|cloudflare|command):/.test(of.type)) {
    if (frame) return text.slice(frame.length);
    return text.includes(of.name) ? text : `${of.name}: ${text}`;
  }
  const said = withoutFrames(text.slice(frame?.length ?? 0));
  const whose = node ? ` of node ${node.name}${node.address ? ` (${node.address})` : ""}` : "";
  const next = nextStep({ message: said, resource: of, node }, commands);
  return `${of.name}${whose}: ${said}\n  Next: ${next}`;
}

function withoutFrames(text: string): string {
  const bare = bridge.reduce((left, frame) => left.replace(frame, "").trim(), text);
  return bare === text ? bare : withoutFrames(bare);
}
