// Removing the lab's containers when podman refuses now and then, with a podman that only talks.
// Does not prove that a real one is done after the second time.
import assert from "node:assert/strict";
import test from "node:test";
import { removeContainers } from "../../lab/podman.ts";
import { CommandError } from "../../lab/shell.ts";

const improper =
  "podman rm --force --ignore: exit 125\n" +
  'Error: cannot remove container aaa as it could not be stopped: "container state ' +
  'improper: stopped"';

/** A podman with these containers, whose `rm` fails for `stubborn` as often as said. */
function fakePodman(containers: string[], stubborn: string, failures: number) {
  const left = new Set(containers);
  const removals: string[][] = [];
  const ask = async ([verb = "", ...rest]: string[]): Promise<string> => {
    if (verb === "ps") return [...left].map((name) => `0123-${name} ${name}\n`).join("");
    const wanted = rest.filter((word) => containers.includes(word));
    removals.push(wanted);
    const fails = wanted.includes(stubborn) && removals.length <= failures;
    for (const name of wanted) if (!fails || name !== stubborn) left.delete(name);
    if (fails) throw new CommandError(improper, 125, improper);
    return "";
  };
  return { ask, left, removals };
}

test("a container that podman refuses once is removed at the second try", async () => {
  const podman = fakePodman(["aaa", "bbb"], "aaa", 1);
  await removeContainers(["aaa", "bbb"], { ask: podman.ask, pauseMs: 1 });
  assert.deepEqual([...podman.left], []);
  assert.deepEqual(podman.removals, [["aaa", "bbb"], ["aaa"]]);
});

test("one that went by itself after the refusal counts as removed", async () => {
  const podman = fakePodman(["aaa"], "aaa", 1);
  const ask = async (args: string[]) => {
    if (args[0] === "ps") podman.left.clear();
    return podman.ask(args);
  };
  await removeContainers(["aaa"], { ask, pauseMs: 1 });
  assert.equal(podman.removals.length, 1);
});

test("past the deadline it says which are left and what podman said", async () => {
  const podman = fakePodman(["aaa", "bbb"], "aaa", Infinity);
  await assert.rejects(
    removeContainers(["aaa", "bbb"], { ask: podman.ask, pauseMs: 1, deadlineMs: 50 }),
    /podman did not remove aaa in 0\.05 s; run the same command again\n[^]*container state improper/,
  );
  assert.ok(podman.removals.length > 1, "tried once only");
});

test("a podman that cannot be started is no reason to try again", async () => {
  let tries = 0;
  const ask = async () => {
    tries++;
    throw new CommandError("podman rm: could not be started (ENOENT)", null, "");
  };
  await assert.rejects(removeContainers(["aaa"], { ask, pauseMs: 1 }), /could not be started/);
  assert.equal(tries, 1);
});

test("none at all: podman is not asked", async () => {
  await removeContainers([], { ask: () => Promise.reject(new Error("asked")) });
});
