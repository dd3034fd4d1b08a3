import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Text for the command's standard input. */
  readonly input?: string | Buffer;
  /** Deadline in milliseconds, 60 s by default; the command is killed when it passes. */
  readonly timeoutMs?: number;
  /** Called with every line of either stream while the command runs. */
  readonly onLine?: (line: string) => void;
}

/**
 * A command of the lab ended badly. The message names the command, its end, and the last lines it
 * wrote.
 */
export class CommandError extends Error {
  readonly code: number | null;
  readonly output: string;
  constructor(message: string, code: number | null, output: string) {
    super(message);
    this.code = code;
    this.output = output;
  }
}

/**
 * Runs a command and returns what it wrote to stdout. Throws CommandError when it fails, cannot
 * start, or passes its deadline. Long, because a process has many ways to end.
 */
export function run(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  const timeoutMs = options.timeoutMs ?? 60_000;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    let expired = false;
    const timer = setTimeout(() => {
      expired = true;
      child.kill("SIGKILL");
      // What the command started may hold them open, and live on.
      child.stdout.destroy();
      child.stderr.destroy();
    }, timeoutMs);
    const fail = (how: string, code: number | null) => {
      const text = Buffer.concat([...out, ...err]).toString();
      const tail = (Buffer.concat(err).toString().trim() || text.trim())
        .split("\n")
        .slice(-15)
        .join("\n");
      reject(
        new CommandError(
          `${command} ${args.slice(0, 4).join(" ")}: ${how}${tail ? `\n${tail}` : ""}`,
          code,
          text,
        ),
      );
    };
    for (const [stream, chunks] of [
      [child.stdout, out],
      [child.stderr, err],
    ] as const) {
      let partial = "";
      stream.on("data", (data: Buffer) => {
        chunks.push(data);
        if (!options.onLine) return;
        const lines = (partial + data.toString()).split("\n");
        partial = lines.pop() ?? "";
        for (const line of lines) options.onLine(line);
      });
    }
    child.on("error", (e) => {
      clearTimeout(timer);
      fail(`could not be started (${e.message})`, null);
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(Buffer.concat(out).toString());
      else
        fail(
          expired
            ? `gave no result in ${timeoutMs / 1000} s and was ended`
            : signal
              ? `ended by ${signal}`
              : `exit ${code}`,
          code,
        );
    });
    // a command that reads no input closes it early; its exit code tells the rest
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input);
  });
}

/**
 * The same as root: as it is when we are root, else through sudo (asked for once at the start,
 * never in the middle of a wait).
 */
export function runAsRoot(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  return process.getuid?.() === 0
    ? run(command, args, options)
    : run("sudo", ["-n", "--", command, ...args], options);
}
