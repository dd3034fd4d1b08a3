/**
 * Who changes the members: a key in etcd that one run can hold. It lapses a minute after it was
 * last held, so a run that was killed is in nobody's way for longer; one that waits holds it on.
 * Runs inside dynamic providers.
 */
import type { Etcd3 } from "etcd3";
import type { Asking } from "../health/asking.ts";
import { first } from "../health/leaving.ts";
import type { DeclaredMember } from "../health/memberHealth.ts";

/** Who is at work, in JSON; absent: nobody. */
export const membershipKey = "_etcd-on-ec2/membership";

/** How long it is held after each time, in seconds: longer than any step takes. */
export const leaseSeconds = 60;

/** Once in so many parts of that time it is held on. */
const keptParts = 4;

/** A run that changes members. */
export interface Operator {
  /** The stack's mark. */
  readonly stack: string;
  /** The machine that runs it, and the process there. */
  readonly host: string;
  readonly pid: number;
  /** When it began to; ISO form. */
  readonly since: string;
}

export interface OperatorLease {
  /**
   * Holds it for another minute. Returns the other run that holds it, or nobody.
   * @throws Error when no member takes it: who said what
   */
  hold(members: readonly DeclaredMember[]): Promise<Operator | undefined>;
  /** Holds it on where it is held, as well as it can; often asked, seldom done. Never rejects. */
  keep(members: readonly DeclaredMember[]): Promise<void>;
  /** Gives it back, as well as it can. Never rejects. */
  release(members: readonly DeclaredMember[]): Promise<void>;
}

export function operatorLease(
  mine: Operator,
  asking: Asking,
  seconds: number = leaseSeconds,
): OperatorLease {
  const value = JSON.stringify(mine);
  let held = false;
  /** When it was last tried, in milliseconds. */
  let since = 0;
  const hold: OperatorLease["hold"] = async (members) => {
    since = Date.now();
    const taking = (client: Etcd3) => take(client, value, seconds);
    const { answer, problem } = await first(members, asking, taking);
    if (!answer) throw new Error(problem || "no member of the cluster answers");
    held = answer.holder === value;
    return held ? undefined : parsed(answer.holder);
  };
  return {
    hold,
    async keep(members) {
      const due = held && Date.now() - since > (seconds * 1000) / keptParts;
      if (due) await hold(members).catch(() => undefined); // the next one tries again
    },
    async release(members) {
      if (!held) return;
      held = false;
      await first(members, asking, (client) =>
        client
          .if(membershipKey, "Value", "==", value)
          .then(client.delete().key(membershipKey))
          .commit(),
      );
    },
  };
}

/** Puts it when nobody holds it, or we do already. Returns what stands there then. */
async function take(
  client: Etcd3,
  value: string,
  seconds: number,
): Promise<{ readonly holder: string }> {
  // Not client.lease(): that one is kept alive for as long as this process runs.
  const { ID } = await client.leaseClient.leaseGrant({ TTL: seconds, ID: 0 });
  const put = () => client.put(membershipKey).value(value).lease(ID);
  const again = await client.if(membershipKey, "Value", "==", value).then(put()).commit();
  if (again.succeeded) return { holder: value };
  const anew = await client.if(membershipKey, "Create", "==", 0).then(put()).commit();
  if (anew.succeeded) return { holder: value };
  await client.leaseClient.leaseRevoke({ ID }).catch(() => undefined); // else it lapses by itself
  const holder = await client.get(membershipKey).string();
  if (holder === null) throw new Error("another run ended at this moment");
  return { holder };
}

/** A text of another form is somebody's word, too. */
function parsed(text: string): Operator {
  const unknown = { stack: text, host: "", pid: 0, since: "" };
  try {
    return { ...unknown, ...(JSON.parse(text) as Partial<Operator>) };
  } catch {
    return unknown;
  }
}
