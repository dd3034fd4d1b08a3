/**
 * Makes the members those declared: looks, takes the next step of the plan, looks again, until they
 * are, or time is over for a step. It remembers nothing of what it did, so a run that was killed is
 * finished by the next one. Runs inside dynamic providers.
 */
import { poll, type Look } from "../engine/poll.ts";
import { accessControlAdvice, accessControlIsOn } from "../health/accessControl.ts";
import type { Asking } from "../health/asking.ts";
import { certificateTrouble } from "../health/certificateTrouble.ts";
import { sightsOf } from "../health/clusterIdentity.ts";
import { first } from "../health/leaving.ts";
import { identityKey, strangerAmong } from "../health/memory.ts";
import { machineLooks } from "./machineLook.ts";
import { observe } from "./observe.ts";
import { leaseSeconds, type Operator, operatorLease, type OperatorLease } from "./operatorLease.ts";
import { patience, type Patience } from "./patience.ts";
import { type Act, perform, tellers } from "./perform.ts";
import { plan, type Step } from "./plan.ts";
import type { Reconciled, Reconciling, Unreconciled } from "./reconciling.ts";
import { joinedIn, reconciledIn, stepInWords } from "./results.ts";
import type { Situation } from "./situation.ts";
import { type View, viewOf } from "./view.ts";

/** Milliseconds between two looks: the first after a step, and at most. */
const pauseMs = 250;
const longestPauseMs = 1_000;
/** So much longer than it lasts is another run's lease waited for, in seconds: that one lives. */
const holderSeconds = 10;

/** What lasts from look to look. */
interface Run {
  readonly given: Reconciling;
  readonly asking: Asking;
  readonly lease: OperatorLease;
  readonly see: () => Promise<Seen>;
  /** Steps that were taken once: to take them again is no progress. */
  readonly taken: Set<string>;
  readonly patience: Patience;
  /** As last seen. */
  view: View | undefined;
  /** When another run's lease was first met, in milliseconds; 0 while none is. */
  heldSince: number;
}

interface Seen {
  readonly view: View;
  /** Whether a member was recognised: nothing in etcd is changed without. */
  readonly recognised: boolean;
}

/**
 * @throws Unreconciled when the plan refuses, when nothing moves for `timeoutSeconds`, a learner's
 * data included, when another run is at work, or when etcd or a machine refuses a step for good
 */
export async function reconcile(
  given: Reconciling,
  planned: (situation: Situation) => Step = plan,
): Promise<Reconciled> {
  const run = await begin(given);
  try {
    for (;;) {
      const { end, late } = await next(run, planned);
      if (late && run.patience.more(Date.now())) continue;
      if (late) throw new Error(await inVain(run, late));
      if (end) return end;
    }
  } catch (error) {
    throw Object.assign(error as Error, { done: run.view && joinedIn(run.view) }) as Unreconciled;
  } finally {
    await run.lease.release(run.view ? tellers(run.view).map(({ of }) => of) : []);
  }
}

async function begin(given: Reconciling): Promise<Run> {
  const { declared, former, reaching, recognition, refusal, stack } = given;
  const mine = { stack, host: (await import("node:os")).hostname(), pid: process.pid };
  const all = [...declared, ...former];
  const asking: Asking = {
    ...reaching.asking,
    accessTo: ({ name }) => {
      const member = all.find((one) => one.name === name);
      if (!member) throw new Error(`no way to ${name}`);
      return reaching.accessTo(member);
    },
  };
  const look = machineLooks(reaching.accessTo);
  const since = new Date().toISOString();
  return {
    given,
    asking,
    lease: operatorLease({ ...mine, since }, asking, given.leaseSeconds),
    async see() {
      const situation = await observe(given, asking, look);
      // Only who answers: a silent one costs time, and the address of one that left may be another
      // cluster's now (issue 14).
      const serving = situation.answers.filter(({ error }) => !error);
      const sights = await sightsOf(
        all.filter(({ name }) => serving.some((answer) => answer.name === name)),
        asking,
      );
      const other = strangerAmong(sights, recognition);
      const stranger = other ? refusal(other) : "";
      return { view: viewOf({ ...situation, stranger }), recognised: sights.length > 0 };
    },
    taken: new Set(),
    patience: patience(),
    view: undefined,
    heldSince: 0,
  };
}

/** Where a wait ends: at the end of all, after a step (both undefined), or too late. */
interface Ended {
  readonly end?: Reconciled;
  readonly late?: { readonly still: string; readonly waited: number };
}

/** Until one step was taken. */
function next(run: Run, planned: (situation: Situation) => Step): Promise<Ended> {
  const { timeoutSeconds, say } = run.given;
  return poll<Ended, string>({
    seconds: timeoutSeconds,
    pause: (waited) => Math.min(longestPauseMs, pauseMs + waited / 20),
    look: () => lookAndStep(run, planned),
    saying: {
      say,
      line: (still, waited) => `waiting for ${still} (${waited} s of ${timeoutSeconds} s)`,
    },
    expired: (still, waited) => ({ late: { still, waited } }),
  });
}

async function inVain(run: Run, { still, waited }: Required<Ended>["late"]): Promise<string> {
  const silent = run.view?.situation.answers.filter(({ error }) => error) ?? [];
  const troubles = await Promise.all(
    run.given.declared
      .filter(({ name }) => silent.some((answer) => answer.name === name))
      .map(async (member) => [member.name, await certificateTrouble(member, run.asking)]),
  );
  return [
    `The members are not as declared: nothing has moved for ${waited} s, waiting for ${still}. ` +
      "This is what was seen:",
    run.view?.inWords ?? "",
    ...troubles.filter(([, trouble]) => trouble).map((words) => `  ${words.join(": ")}`),
    "  What was done stays done, and pulumi up goes on from there. A member's own words: " +
      "journalctl -u etcd (on the node)",
  ].join("\n");
}

async function lookAndStep(
  run: Run,
  planned: (situation: Situation) => Step,
): Promise<Look<Ended, string>> {
  const { view, recognised } = await run.see();
  run.view = view;
  run.patience.saw(view, Date.now());
  // What is waited for may last: nobody else begins meanwhile.
  await run.lease.keep(tellers(view).map(({ of }) => of));
  const step = planned(view.situation);
  if (step.do === "done") return { found: { end: reconciledIn(view) } };
  if (step.do === "refuse") throw new Error([step.why, step.next].filter(Boolean).join("\n  "));
  if (step.do === "wait") return { still: step.for };
  if (changesEtcd(step)) {
    const still = (recognised ? "" : await whyUnrecognised(run, view)) || (await held(run, view));
    if (still) return { still };
  }
  const { again } = await perform(step, view, {
    asking: run.asking,
    accessTo: run.given.reaching.accessTo,
    clusterToken: run.given.clusterToken,
  });
  if (again) return { still: again };
  const words = stepInWords(step);
  // The same one again is no progress, and does not start time anew.
  if (run.taken.has(words)) return { still: `what was done to be seen: ${words}` };
  run.taken.add(words);
  run.given.say(words);
  return { found: {} };
}

/** Why no member shows which cluster it is. @throws Error when access control hides it */
async function whyUnrecognised({ asking }: Run, view: View): Promise<string> {
  const members = tellers(view).map(({ of }) => of);
  const { problem } = await first(members, asking, (client) => client.get(identityKey).exec());
  if (problem.includes(accessControlIsOn))
    throw new Error(accessControlAdvice(asking.credentials !== undefined));
  return `a majority of the members, by which the cluster is recognised (${problem})`;
}

/** What is done on a machine alone may be needed before any member answers. */
function changesEtcd(step: Act): boolean {
  return step.do !== "start" && step.do !== "retire";
}

/** Holds the lease. Returns what is waited for, or "". @throws Error when another run has it */
async function held(run: Run, view: View): Promise<string> {
  const members = tellers(view).map(({ of }) => of);
  let holder: Operator | undefined;
  try {
    holder = await run.lease.hold(members);
  } catch (error) {
    return `a member that takes this run's lease: ${(error as Error).message}`;
  }
  if (!holder) {
    run.heldSince = 0;
    return "";
  }
  const { stack, host, pid, since } = holder;
  const who = `another run, ${stack || "of an unknown stack"} on ${host} (process ${pid})`;
  run.heldSince ||= Date.now();
  const lapsed = (run.given.leaseSeconds ?? leaseSeconds) + holderSeconds;
  if (Date.now() - run.heldSince > lapsed * 1000)
    throw new Error(
      `${who}, has been changing members since ${since}, so this one changes nothing more. When ` +
        "that one has ended: pulumi up",
    );
  return `${who}, to end: it has been changing members since ${since}`;
}
