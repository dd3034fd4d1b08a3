// When poll() looks, speaks and ends, by a clock of the test's own. Does not prove that the
// callers' deadlines fit what they wait for, nor the machine's own clock.
import assert from "node:assert/strict";
import test from "node:test";
import { type Clock, type Look, poll } from "../../../components/engine/poll.ts";

/** A clock whose time passes only by sleeping, and by looking where a look takes its time. */
function clockOf(): Clock & { pass(ms: number): void; readonly pauses: number[] } {
  let now = 1_000_000;
  const pauses: number[] = [];
  return {
    pauses,
    now: () => now,
    pass: (ms) => {
      now += ms;
    },
    async sleep(ms) {
      pauses.push(ms);
      now += ms;
    },
  };
}

const late = (still: string, waited: number): string => {
  throw new Error(`${still} after ${waited} s`);
};

test("what is found at the first look is returned at once, without a pause or a word", async () => {
  const clock = clockOf();
  const found = await poll<string, string>({
    look: async () => ({ found: "" }),
    seconds: 0,
    pause: 250,
    saying: { say: () => assert.fail("it spoke"), line: () => "" },
    expired: late,
    clock,
  });
  assert.deepEqual([found, clock.pauses], ["", []]);
});

test("there is one look at least, and one after the last pause", async () => {
  for (const [seconds, looks] of [
    [0, 1],
    [1, 3],
  ] as const) {
    let count = 0;
    const waiting = {
      look: async (): Promise<Look<string, string>> => ({ still: `look ${++count}` }),
      seconds,
      pause: 500,
      expired: late,
      clock: clockOf(),
    };
    await assert.rejects(poll(waiting), new Error(`look ${looks} after ${seconds} s`));
    assert.equal(count, looks);
  }
});

test("expired may return in place of what was not found", async () => {
  const waiting = {
    look: async (): Promise<Look<string, string>> => ({ still: "no" }),
    seconds: 1,
    pause: 1000,
    expired: (still: string, waited: number) => `${still}, ${waited}`,
    clock: clockOf(),
  };
  assert.equal(await poll(waiting), "no, 1");
});

test("a hopeless look ends it long before the deadline", async () => {
  const clock = clockOf();
  const waiting = {
    look: async (): Promise<Look<string, string>> => ({
      still: "another key",
      hopeless: clock.pauses.length === 2,
    }),
    seconds: 300,
    pause: 1000,
    expired: late,
    clock,
  };
  await assert.rejects(poll(waiting), new Error("another key after 2 s"));
});

test("what a look throws ends it, whatever the deadline", async () => {
  const waiting = {
    look: () => Promise.reject(new Error("not this way")),
    seconds: 300,
    pause: 1000,
    expired: late,
    clock: clockOf(),
  };
  await assert.rejects(poll(waiting), new Error("not this way"));
});

test("it speaks after 5 s, then every 15 s, of the last look and the time so far", async () => {
  const clock = clockOf();
  const said: string[] = [];
  let count = 0;
  await assert.rejects(
    poll<string, string>({
      async look() {
        clock.pass(100);
        return { still: `look ${++count}` };
      },
      seconds: 40,
      pause: 900,
      saying: {
        say: (line) => said.push(line),
        line: (still, waited) => `${still}, ${waited} s`,
      },
      expired: late,
      clock,
    }),
    new Error("look 41 after 40 s"),
  );
  assert.deepEqual(said, ["look 6, 5 s", "look 22, 21 s", "look 38, 37 s"]);
});

test("the caller may speak sooner and more often, and back off by time and by answer", async () => {
  const clock = clockOf();
  const said: number[] = [];
  await assert.rejects(
    poll<string, string>({
      look: async () => ({ still: clock.pauses.length % 2 ? "odd" : "even" }),
      seconds: 10,
      pause: (waited, still) => (still === "odd" ? 1000 + waited / 10 : 500),
      saying: {
        say: () => undefined,
        line: (_, at) => String(said.push(at)),
        firstAfter: 1,
        every: 3,
      },
      expired: late,
      clock,
    }),
  );
  assert.deepEqual(clock.pauses.slice(0, 4), [500, 1050, 500, 1205]);
  assert.deepEqual(said, [2, 5, 9]);
});
