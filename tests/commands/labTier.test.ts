// Files of the lab on two hosts: each runs once, all are counted, and the second host is one of its
// own. Does not prove that two labs never meet (tests/lab, all of it, runs that way where there is
// a second host).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import * as path from "node:path";
import test, { before, describe, type TestContext } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { CommandError } from "../../lab/shell.ts";
import { eventually } from "../lab/harness.ts";
import { longestFirst, minutes, runOnHosts, timeTable, type Host } from "../labTier.ts";
import { onSecondHost, whyNoSecondHost } from "../secondHost.ts";

/** A line without how long a file took. */
const timeless = (line: string) => line.replace(/  \d+ s \(/, "  N s (");
const fileOf = (name: string) => path.join(projectDir, "tests/lab", `${name}.test.ts`);

describe("the files of a tier", () => {
  test("each runs on the host that is free first, and what they count is summed up", async () => {
    const ran: string[] = [];
    const said: string[] = [];
    const host = (name: string, ms: number): Host => ({
      name,
      run: async (command, { onLine }) => {
        ran.push(`${name} ${command.at(-1)}`);
        await new Promise((resolve) => setTimeout(resolve, ms));
        for (const line of ["✔ it works (1 ms)", "", "ℹ pass 2", "2 passed, 0 failed"])
          onLine?.(line);
        return "";
      },
    });
    const runs = await runOnHosts(
      [host("slow", 300), host("quick", 20)],
      ["one", "two", "three"].map(fileOf),
      (line) => said.push(timeless(line)),
    );
    assert.deepEqual(
      runs.map(({ name, passed, failed, host }) => [name, passed, failed, host]),
      [
        ["two", 2, 0, "quick"],
        ["three", 2, 0, "quick"],
        ["one", 2, 0, "slow"],
      ],
    );
    assert.deepEqual(ran, [
      "slow tests/lab/one.test.ts",
      "quick tests/lab/two.test.ts",
      "quick tests/lab/three.test.ts",
    ]);
    assert.deepEqual(said, [
      "two  ✔ it works (1 ms)",
      "two  N s (quick)",
      "three  ✔ it works (1 ms)",
      "three  N s (quick)",
      "one  ✔ it works (1 ms)",
      "one  N s (slow)",
    ]);
  });

  test("failed tests are counted and told; so is a file that ends without a count", async () => {
    const said: string[] = [];
    const failing: Host = {
      name: "failing",
      run: async (command, { onLine }) => {
        if (command.at(-1)?.includes("killed"))
          throw new CommandError("npm test: ended by SIGKILL", null, "");
        for (const line of ["✖ it breaks (1 ms)", "ℹ fail 1", "1 passed, 1 failed"]) onLine?.(line);
        throw new CommandError("npm test: exit 1", 1, "");
      },
    };
    const runs = await runOnHosts([failing], ["broken", "killed"].map(fileOf), (line) =>
      said.push(timeless(line)),
    );
    assert.deepEqual(
      runs.map(({ passed, failed }) => [passed, failed]),
      [
        [1, 1],
        [0, 1],
      ],
    );
    assert.deepEqual(said, [
      "broken  ✖ it breaks (1 ms)",
      "broken  ℹ fail 1",
      "broken  N s (failing)",
      "killed  npm test: ended by SIGKILL",
      "killed  the file ended without a count",
      "killed  N s (failing)",
    ]);
  });

  test("the longest start first, others as they came", () => {
    const [long = "", shorter = ""] = [Object.keys(minutes).at(0), Object.keys(minutes).at(-1)];
    const order = longestFirst(["a.test.ts", `x/${shorter}`, `x/${long}`, "b.test.ts"]);
    assert.deepEqual(order, [`x/${long}`, `x/${shorter}`, "a.test.ts", "b.test.ts"]);
  });

  test("those known to be long are there, in order", () => {
    const there = ["tests/lab", "tests/faults"].flatMap((folder) =>
      readdirSync(path.join(projectDir, folder)),
    );
    assert.deepEqual(
      Object.keys(minutes).filter((name) => !there.includes(name)),
      [],
    );
    const listed = Object.values(minutes);
    assert.deepEqual(
      listed,
      listed.toSorted((a, b) => b - a),
    );
  });

  test("their times are a table, the longest first, with what each host had", () => {
    const run = (name: string, host: string, seconds: number) => ({
      name,
      host,
      seconds,
      passed: 1,
      failed: 0,
    });
    assert.deepEqual(
      timeTable([run("quick", "host 2", 9), run("slow", "host 1", 130), run("mid", "host 2", 60)]),
      [
        "slow     130 s  host 1",
        "mid       60 s  host 2",
        "quick      9 s  host 2",
        "at work: host 1 130 s, host 2 69 s",
      ],
    );
  });
});

describe("the second host", () => {
  let none: string | undefined;
  before(async () => {
    none = await whyNoSecondHost().catch((error: Error) => error.message.split("\n")[0]);
  });
  const can = (t: TestContext): boolean => {
    if (none !== undefined) t.skip(none);
    return none === undefined;
  };

  test("has its own network, processes, containers and .lab, and this host's images", async (t) => {
    if (!can(t)) return;
    const said = await onSecondHost([
      "sh",
      "-c",
      "ls /sys/class/net; echo $$; podman ps --all --quiet; ls -d .lab 2>/dev/null; " +
        "mkdir .lab; podman images --format '{{.Repository}}'",
    ]);
    // <none>: what an image was before it was built anew.
    assert.match(said, /^lo\n1\n((localhost\/etcd-lab-\w+|<none>)\n)+$/);
    assert.match(said, /etcd-lab-/);
    assert.ok(!readdirSync(projectDir).includes(".lab-2"), "its disk is left");
  });

  test("shares no .lab with this one: removing it there would unmount it here", async (t) => {
    if (!can(t)) return;
    assert.doesNotMatch(
      await onSecondHost(["cat", "/proc/self/mountinfo"]),
      /\.lab-2\/project(\/\.lab)? /,
    );
  });

  test("passes on how a command ended", async (t) => {
    if (can(t))
      await assert.rejects(
        onSecondHost(["sh", "-c", "echo why; exit 3"]),
        (error: CommandError) => error.code === 3 && error.output === "why\n",
      );
  });

  test("ends with the process that made it, also when that is killed", async (t) => {
    if (!can(t)) return;
    const text =
      "import { onSecondHost } from " +
      `${JSON.stringify(path.join(projectDir, "tests/secondHost.ts"))}; await ` +
      `onSecondHost(["sleep", "98.7654"]);`;
    const maker = spawn(process.execPath, ["--input-type=module", "--eval", text], {
      stdio: "ignore",
    });
    const sleeps = () =>
      readdirSync("/proc").some(
        (pid) => /^\d+$/.test(pid) && argumentsOf(pid) === "sleep\0" + "98.7654\0",
      );
    await eventually("the second host", 20_000, async () => sleeps());
    maker.kill("SIGKILL");
    await eventually("its processes to end", 20_000, async () => !sleeps());
    await onSecondHost(["true"]); // and the next one clears what is left
    assert.ok(!readdirSync(projectDir).includes(".lab-2"), "its disk is left");
  });
});

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has ended meanwhile
  }
}
