import { randomBytes } from "node:crypto";
import type { Client } from "ssh2";
import type { Command, CommandArgs } from "@pulumi/command/remote/command.js";
import { resource } from "../handler.ts";
import type { Call, InputsOf, OutputsOf } from "../handler.ts";
import { connectionProperties, withConnectionDefaults } from "./connection.ts";
import type { Connection } from "./connection.ts";

type Inputs = InputsOf<CommandArgs>;
type State = OutputsOf<Command>;
type Results = Pick<State, "stdout" | "stderr">;

/**
 * How many bytes an SSH server takes in one environment variable; more of the previous output than
 * that is left out.
 */
const variableLimit = 30_000;

/**
 * `command:remote:Command`: a command run over SSH when the resource is made, changed or removed. A
 * changed trigger makes a new resource; any other changed input runs `update`, or `create` again
 * where there is none. A refresh looks at nothing.
 */
export const remoteCommand = resource<Inputs, State>({
  properties: {
    addPreviousOutputInEnv: { local: true },
    connection: { required: true, secret: true, local: true, fields: connectionProperties },
    create: { local: true },
    delete: { local: true },
    environment: { local: true },
    logging: { local: true, oneOf: ["stdout", "stderr", "stdoutAndStderr", "none"] },
    stderr: { output: true, renewed: true },
    stdin: { local: true },
    stdout: { output: true, renewed: true },
    triggers: { local: true, replaces: true },
    update: { local: true },
  },
  compare: "inputs",
  complete: withConnectionDefaults,

  async create(inputs, call) {
    const results =
      inputs.create === undefined
        ? { stdout: "", stderr: "" }
        : await run(inputs.create, inputs, {}, call);
    return { id: `${call.name}${randomBytes(4).toString("hex")}`, state: results };
  },

  async update(_id, state, inputs, _changed, call) {
    const before = { stdout: state.stdout ?? "", stderr: state.stderr ?? "" };
    const command = inputs.update ?? inputs.create;
    return command === undefined ? before : run(command, inputs, before, call);
  },

  async remove(_id, state, call) {
    if (state.delete !== undefined) await run(state.delete, state as Inputs, state, call);
  },
});

async function run(command: string, inputs: Inputs, before: Results, call: Call): Promise<Results> {
  // The SSH library takes a moment to load, and many runs of the engine need none.
  const [{ dial }, { runCommand }] = await Promise.all([
    import("./dial.ts"),
    import("./session.ts"),
  ]);
  // Like officially, customTimeouts bound the dialling; a command that runs is bounded by itself.
  const dialling =
    call.timeoutMs === undefined
      ? call.signal
      : AbortSignal.any([call.signal, AbortSignal.timeout(call.timeoutMs)]);
  const client = await dial(inputs.connection as unknown as Connection, call, dialling);
  try {
    const env = await environment(client, inputs, before, call);
    const logging = inputs.logging ?? "stdoutAndStderr";
    const shown = {
      stdout: logging === "stdout" || logging === "stdoutAndStderr",
      stderr: logging === "stderr" || logging === "stdoutAndStderr",
    };
    const ended = await runCommand(client, command, {
      env,
      signal: call.signal,
      ...(inputs.stdin ? { stdin: inputs.stdin } : {}),
      onLine: (stream, line) => {
        if (shown[stream]) call.say("status", line);
      },
    });
    if (ended.failure)
      throw new Error(`${ended.failure}: running ${JSON.stringify(command)}:\n${ended.output}`);
    return { stdout: ended.stdout.replace(/\n$/, ""), stderr: ended.stderr.replace(/\n$/, "") };
  } finally {
    client.end();
  }
}

/**
 * The variables for the command: the program's own must be taken by the server, those with the
 * previous output may be dropped.
 */
async function environment(
  client: Client,
  inputs: Inputs,
  before: Results,
  call: Call,
): Promise<Record<string, string>> {
  const { takesVariable } = await import("./session.ts");
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(inputs.environment ?? {})) {
    if (!(await takesVariable(client, name, value, call.signal))) {
      call.say("error", refused(name));
      throw new Error(
        `could not set environment variable ${JSON.stringify(name)}: ssh: setenv failed`,
      );
    }
    env[name] = value;
  }
  if (inputs.addPreviousOutputInEnv === false) return env;
  for (const [name, value] of [
    ["PULUMI_COMMAND_STDOUT", before.stdout],
    ["PULUMI_COMMAND_STDERR", before.stderr],
  ] as const) {
    if (!value) continue;
    if (value.length <= variableLimit && (await takesVariable(client, name, value, call.signal)))
      env[name] = value;
    else call.say("warning", refused(name));
  }
  return env;
}

function refused(name: string): string {
  return (
    `Unable to set '${name}'. This only works if your SSH server is configured to ` +
    "accept these variables via AcceptEnv. " +
    "Alternatively, if a Bash-like shell runs the command on the remote host, you could " +
    "prefix the command itself with the variables in the form 'VAR=value command'"
  );
}
