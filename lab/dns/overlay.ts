import { faultsOf } from "../faultKinds.ts";
import type { Fault, NameServer } from "../faultKinds.ts";
import { zoneFileContent } from "./answers.ts";
import type { Answer } from "./answers.ts";

/**
 * Seconds by which changes reach a nameserver late when no fault says otherwise: ns2 follows, as
 * secondaries do.
 */
const ordinaryLag: Readonly<Record<NameServer, number>> = { ns1: 0, ns2: 2 };

/** TTL of an answer that only a fault has put there. Seconds. */
const extraTtl = 60;

/** Milliseconds by which a change made now reaches `server` late. The newest fault counts. */
export function lagMs(faults: readonly Fault[], server: NameServer): number {
  const fault = faultsOf(faults, "dns-lag").findLast((lag) => (lag.server ?? "ns2") === server);
  return (fault?.seconds ?? ordinaryLag[server]) * 1000;
}

/** What `server` answers with these faults, where an honest one would answer `answers`. */
export function withFaults(
  answers: readonly Answer[],
  faults: readonly Fault[],
  server: NameServer,
): Answer[] {
  let result = [...answers];
  for (const fault of faults) {
    if (
      (fault.kind !== "withhold" && fault.kind !== "falsify" && fault.kind !== "extra") ||
      (fault.server ?? server) !== server
    )
      continue;
    const { name, type } = fault;
    if (fault.kind === "extra") {
      result.push({ name, type, ttl: extraTtl, content: zoneFileContent(type, fault.content) });
      continue;
    }
    const only = fault.kind === "withhold" ? fault.content : fault.instead;
    const hit = (answer: Answer) =>
      answer.name === name &&
      answer.type === type &&
      (only === undefined || isContent(answer, only));
    result =
      fault.kind === "withhold"
        ? result.filter((answer) => !hit(answer))
        : result.map((answer) =>
            hit(answer) ? { ...answer, content: zoneFileContent(type, fault.content) } : answer,
          );
  }
  return result;
}

/**
 * Whether a person who writes `text` means this answer: its whole content, or for SRV the target or
 * target:port.
 */
function isContent(answer: Answer, text: string): boolean {
  const wanted = text.toLowerCase().replace(/\.$/, "");
  const content = answer.content.toLowerCase().replace(/\.$/, "");
  if (wanted === content || wanted === content.replace(/^"(.*)"$/, "$1")) return true;
  if (answer.type !== "SRV") return false;
  const [, weight, port, target] = content.split(" ");
  return (
    wanted === target || wanted === `${target}:${port}` || wanted === `${weight} ${port} ${target}`
  );
}
