import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { usageError } from "./command.ts";

/** What `parseArgs` makes of these options. */
type Values<T extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: T; strict: true }>
>["values"];

/** The option of every command that works on any stack. */
export const stackOption = { stack: { type: "string" } } as const;

/**
 * Reads a command's own options. Throws a usage error for one that it does not know, for a missing
 * or needless value, and for other words than options. `called` is what took them, such as a
 * subcommand.
 */
export function readArguments<T extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: T,
  called = command,
): Values<T> {
  const { values, tokens } = parseArgs({
    args: [...args],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  for (const token of tokens) {
    if (token.kind === "positional") {
      const what = Object.keys(options).length === 0 ? "arguments" : "arguments but options";
      throw usageError(command, `${called} takes no ${what} (got ${args.join(" ")})`);
    }
    if (token.kind !== "option") continue;
    const { name, rawName, value, inlineValue } = token;
    const option = options[name];
    if (!option) throw usageError(command, `there is no option ${rawName}`);
    const missing = !value || (!inlineValue && value.startsWith("-"));
    if (option.type === "string" && missing) throw usageError(command, `${rawName} needs a value`);
    if (option.type === "boolean" && value !== undefined)
      throw usageError(command, `${rawName} takes no value (got ${value})`);
  }
  return values as Values<T>; // every option is known and has the value its type asks for
}

/**
 * Parts a command's own options from the words of the program that it calls. `before: "words"`
 * looks for options only before the first word, `"terminator"` anywhere before `--`.
 */
export function splitArguments<T extends ParseArgsOptionsConfig>(
  command: string,
  args: readonly string[],
  options: T,
  before: "words" | "terminator",
): { values: Values<T>; rest: string[] } {
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const own = new Set<number>();
  for (const token of tokens) {
    if (token.kind === "option-terminator") break;
    const isOurs = token.kind === "option" && options[token.name] !== undefined;
    if (!isOurs && before === "words") break;
    if (!isOurs) continue;
    own.add(token.index);
    if (token.value !== undefined && !token.inlineValue) own.add(token.index + 1);
  }
  return {
    values: readArguments(
      command,
      args.filter((_, index) => own.has(index)),
      options,
    ),
    rest: args.filter((_, index) => !own.has(index)),
  };
}
