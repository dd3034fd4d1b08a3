/**
 * What one run of the program is given in the stories. It is data, so that a run can be a process
 * of its own (killedProcess.ts).
 */
import { credentialsOf } from "../../components/health/asking.ts";
import { type Memory, refusalOf } from "../../components/health/memory.ts";
import type { Reaching, Reconciling } from "../../components/membership/reconciling.ts";
import type { Joined, WantedMember } from "../../components/membership/situation.ts";
import type { MemberAccess } from "../../components/ssh/memberAccess.ts";
import { domain } from "../faults/places.ts";

export const foundingWord = "f0f0f0f0";

export interface Given {
  readonly declared: readonly WantedMember[];
  readonly former: readonly WantedMember[];
  readonly done: Readonly<Record<string, Joined>> | undefined;
  readonly rejoin: string;
  readonly timeoutSeconds: number;
  readonly known: Memory | undefined;
  readonly identity: { readonly ca: string; readonly certificate: string; privateKey: string };
}

export function askingOf({ identity }: Pick<Given, "identity">): Reaching["asking"] {
  return { deadlineMs: 2000, credentials: credentialsOf(identity) };
}

/** `say` takes every line, those of waits included. */
export function reconciling(
  given: Given,
  accessTo: (name: string) => MemberAccess,
  say: (line: string) => void,
): Reconciling {
  const { declared, former, done, rejoin, timeoutSeconds, known } = given;
  return {
    ...{ declared, former, done, rejoin, rejoinUsed: false, timeoutSeconds, say },
    clusterToken: `etcd-${domain}`,
    stack: "bench",
    recognition: { founding: foundingWord, known },
    refusal: (stranger) => refusalOf(stranger, "", false),
    reaching: { asking: askingOf(given), accessTo: ({ name }) => accessTo(name) },
  };
}
