import type { Client, ClientChannel } from "ssh2";

export interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  /** Both streams as they came. */
  readonly output: string;
  /** What went wrong, in the official plugin's words; undefined after exit code 0. */
  readonly failure?: string;
}

export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Called with every line as it comes. */
  readonly onLine?: (stream: "stdout" | "stderr", line: string) => void;
}

/**
 * Runs a command on an open connection and collects what it writes. Rejects only when the
 * connection breaks or the run is cancelled.
 */
export function runCommand(client: Client, command: string, options: RunOptions): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // The listeners have to stand before this returns: a short command's end may come in the same
    // packet as its start.
    client.exec(command, { env: options.env ?? {} }, (error, channel) =>
      error ? reject(error) : collect(client, channel, options, resolve, reject),
    );
  });
}

function collect(
  client: Client,
  channel: ClientChannel,
  options: RunOptions,
  resolve: (ended: Ended) => void,
  reject: (error: Error) => void,
): void {
  const text = { stdout: "", stderr: "", output: "" };
  const lines = { stdout: "", stderr: "" };
  for (const [name, stream] of [
    ["stdout", channel],
    ["stderr", channel.stderr],
  ] as const) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      text[name] += chunk;
      text.output += chunk;
      const parts = (lines[name] + chunk).split("\n");
      lines[name] = parts.pop() ?? "";
      for (const line of parts) options.onLine?.(name, line);
    });
  }

  let failure: string | undefined =
    "wait: remote command exited without exit status or exit signal";
  channel.on("exit", (code: number | null, signal?: string, _core?: unknown, reason?: string) => {
    if (code === 0) failure = undefined;
    else if (code !== null) failure = `Process exited with status ${code}`;
    else
      failure =
        "Process exited with status 1 from signal " +
        `${(signal ?? "").replace(/^SIG/, "")}${reason ? `. Reason was: ${reason}` : ""}`;
  });
  const broken = (error: Error) =>
    reject(new Error(`the connection broke while the command ran: ${error.message}`));
  const cancelled = () => {
    client.end();
    reject(new Error("cancelled while the command ran"));
  };
  client.once("error", broken);
  channel.on("error", broken);
  options.signal.addEventListener("abort", cancelled, { once: true });
  channel.on("close", () => {
    client.removeListener("error", broken);
    options.signal.removeEventListener("abort", cancelled);
    for (const name of ["stdout", "stderr"] as const)
      if (lines[name]) options.onLine?.(name, lines[name]);
    resolve({ ...text, ...(failure ? { failure } : {}) });
  });
  // no input is an empty one, so that a command that reads does not wait
  channel.end(options.stdin ?? "");
}

/**
 * Whether the server takes an environment variable. The protocol lets a server drop one without a
 * word and the SSH library does not ask for an answer, so a look at the result has to tell.
 */
export async function takesVariable(
  client: Client,
  name: string,
  value: string,
  signal: AbortSignal,
): Promise<boolean> {
  return (
    (await runCommand(client, `printenv ${name} >/dev/null`, { env: { [name]: value }, signal }))
      .failure === undefined
  );
}
