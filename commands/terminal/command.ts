/**
 * The frame of every command: `--help` alone prints the help; an error is one message without a
 * stack, and exit code 1. `main` may return an exit code. LAB_DEBUG=1 adds the stack.
 */
export async function command(
  name: string,
  help: string,
  main: (args: string[]) => Promise<number | void>,
): Promise<void> {
  const args = process.argv.slice(2);
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    process.stdout.write(`${help.trim()}\n`);
    return;
  }
  try {
    process.exitCode = (await main(args)) ?? 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name}: ${message}\n`);
    if (process.env.LAB_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
  await Promise.all([process.stdout, process.stderr].map(written));
  // The connection to a machine that is frozen stays open, and would keep us for minutes.
  process.exit();
}

/**
 * A command was called with arguments it does not know. The message ends with where its help is.
 */
export function usageError(name: string, problem: string): Error {
  return new Error(`${problem}; npm run ${name} -- --help shows how it is called`);
}

/** Resolves when everything has reached the stream, or never will. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
