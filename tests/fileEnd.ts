/**
 * Loaded into every test file's process (commands/test.ts). Reports reach the runner through a
 * pipe, and `--test-force-exit` ends a process before they have (seen: 318 of 362 tests counted,
 * all passing), so a file ends by itself, and this is what happens when it does not:
 *
 * - something is still open a while after the last test: the file fails, and what is open is named;
 * - the process ends before its last test: the file fails, too, instead of passing with the tests
 *   that were done;
 * - the runner is gone, killed perhaps: so does the file, instead of working on for nobody, in a
 *   lab that the next run takes for its own.
 */
import { after } from "node:test";

const patienceMs = 10_000;
let done = false;

after(() => {
  done = true;
  setTimeout(() => {
    process.stderr.write(
      `${process.argv[1]}: still open ${patienceMs / 1000} s after the last test: ` +
        `${process.getActiveResourcesInfo().join(", ")}; close it in the file's after()\n`,
    );
    process.exit(1);
  }, patienceMs).unref();
});

const runner = process.ppid;
setInterval(() => {
  if (process.ppid !== runner) process.exit(1);
}, 1_000).unref();

process.on("exit", () => {
  if (done) return;
  process.stderr.write(`${process.argv[1]}: the process ended before its last test did\n`);
  process.exitCode = 1;
});
