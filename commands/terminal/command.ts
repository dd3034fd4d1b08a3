/**
 * The frame of every command: `--help` alone prints the help; an error is one message without a
 * stack, and exit code 1. `main` may return an exit code. LAB_DEBUG=1 adds the stack.
 *
 * Where the output goes is no reason to stop half way: a reader that has seen enough (`| head -1`)
 * changes nothing, not even the exit code; output that is lost otherwise (a full disk) is one
 * sentence and exit code 1 at the end.
 */
export async function command(
  name: string,
  help: string,
  main: (args: string[]) => Promise<number | void>,
): Promise<void> {
  let lost: NodeJS.ErrnoException | undefined;
  process.stdout.on("error", (error) => {
    lost ??= error;
  });
  process.stderr.on("error", () => undefined); // then nobody can be told
  let code = await exitCode(name, help, main);
  await written(process.stdout);
  if (lost && lost.code !== "EPIPE") {
    process.stderr.write(`${name}: its output could not be written (${lost.message})\n`);
    code ||= 1;
  }
  await written(process.stderr);
  // The connection to a machine that is frozen stays open, and would keep us for minutes.
  process.exit(code);
}

/**
 * A command was called with arguments it does not know. The message ends with where its help is.
 */
export function usageError(name: string, problem: string): Error {
  return new Error(`${problem}; npm run ${name} -- --help shows how it is called`);
}

async function exitCode(
  name: string,
  help: string,
  main: (args: string[]) => Promise<number | void>,
): Promise<number> {
  const args = process.argv.slice(2);
  if (args.length === 1 && (args[0] === "--help" || args[0] === "-h")) {
    process.stdout.write(`${help.trim()}\n`);
    return 0;
  }
  try {
    return (await main(args)) ?? 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(`${name}: ${message}\n`);
    if (process.env.LAB_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    return 1;
  }
}

/** Resolves when everything has reached the stream, or never will. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
