import { dnsDetection } from "../bench/dnsDetection.ts";
import { freshUp } from "../bench/freshUp.ts";
import { members } from "../bench/members.ts";
import { programStart } from "../bench/programStart.ts";
import { faultSuite, tlsAgainstPlain } from "../bench/tlsAgainstPlain.ts";
import { readArguments } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";
import { ensureCli } from "../lab/toolchain/cli.ts";

const help = `
npm run bench              what is fast and what is not, as ratios in one run (some twelve minutes,
                           on a machine that does nothing else)
npm run bench -- --members members that come, go and return, alone (six minutes, without the lab)

Makes the lab's cluster anew, several times, and leaves the lab running without one. Compares
program start and an up that changes nothing with those of an empty program and of one that does
nothing but start the same plugins; prints a fresh up by phases, how long the gate takes to notice
DNS, and the memory of the lab; then the same up with TLS and plain, and the time of the fault
suite.

Of members it prints how long each change takes, the longest time without an acknowledged write, as
two kinds of clients have it, and what a join with 1 GiB of data costs the leader. That takes up to
7 GiB of disk in the folder for temporary files, and leaves nothing there.
`;

await command("bench", help, async (args) => {
  const { members: alone } = readArguments("bench", args, { members: { type: "boolean" } });
  const say = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  if (alone) return members(say);
  const detection = await dnsDetection(40);
  say(
    `DNS gate opens after publication   p50 ${Math.round(detection.p50)} ms, p95 ` +
      `${Math.round(detection.p95)} ms   (expected: p95 below 500 ms)`,
  );
  const fresh = await freshUp();
  fresh.phases.forEach(say);
  say(
    `machines answer SSH, to healthy    ${fresh.reachableToHealthy.toFixed(1)} s, with ` +
      `the gate open; from the gate's opening ${fresh.gateToHealthy.toFixed(1)} s   ` +
      "(expected: 5 s at most)",
  );
  say(`memory of the lab                  ${fresh.memoryMiB} MiB   (expected: below 3072)`);
  const { ours, empty, plugins } = await programStart(await ensureCli(say), 5);
  say(
    `program start, beside empty        ${(ours.start / empty.start).toFixed(2)} ` +
      `(${ours.start.toFixed(2)} s / ${empty.start.toFixed(2)} s)   (expected: 1.2 at ` +
      "most)",
  );
  say(
    `up without change, beside empty    ${(ours.noop / empty.noop).toFixed(2)} ` +
      `(${ours.noop.toFixed(2)} s / ${empty.noop.toFixed(2)} s)   (1.5 was hoped for; see ` +
      "the next line)",
  );
  say(
    `… beside one with its plugins only ${(ours.noop / plugins.noop).toFixed(2)} ` +
      `(${ours.noop.toFixed(2)} s / ${plugins.noop.toFixed(2)} s)   (expected: 1.5 at ` +
      "most)",
  );
  const { tls, plain } = await tlsAgainstPlain(3);
  say(
    `up to healthy, TLS beside plain    ${(tls / plain).toFixed(2)} (${tls.toFixed(1)} ` +
      `s / ${plain.toFixed(1)} s)   (expected: 1.10 at most)`,
  );
  say(`fault suite                        ${await faultSuite()} s`);
  await members(say);
});
