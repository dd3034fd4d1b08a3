import { openStack } from "./stack/stackAccess.ts";
import { stackOutputs, type StackOutputs } from "./stack/stackOutputs.ts";
import { splitArguments, stackOption } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";
import { passThrough, type PrivateFile } from "./terminal/passThrough.ts";

const help = `
npm run etcdctl -- [--stack NAME] ARGS

etcdctl with the endpoints of all members and the operator's certificate set; flags of your own win,
over variables such as ETCDCTL_ENDPOINTS too. On the lab's stack it is of the stack's etcd version,
on every other the one on PATH.

  npm run etcdctl -- put colour blue
  npm run etcdctl -- get colour
  npm run etcdctl -- --stack prod endpoint status -w table

One member alone, with its URL as npm run status shows it (a snapshot wants exactly one):

  npm run etcdctl -- --endpoints https://10.213.0.10:2379 snapshot save etcd.snapshot
`;

await command("etcdctl", help, async (args) => {
  const { values, rest } = splitArguments("etcdctl", args, stackOption, "terminator");
  const stack = await openStack("etcdctl", values.stack);
  const [outputs, etcdctl] = await Promise.all([stackOutputs(stack), stack.etcdctl()]);
  return passThrough(etcdctl, (file) => ({ args: rest, env: environment(outputs, rest, file) }));
});

/** Where the members are and who we are, but for what the arguments say themselves. */
function environment(
  { endpoints, identity }: StackOutputs,
  args: readonly string[],
  file: PrivateFile,
): Record<string, string | undefined> {
  const ours: readonly (readonly [flag: string, value: () => string])[] = [
    ["endpoints", () => Object.values(endpoints).join(",")],
    ...(identity
      ? ([
          ["cacert", () => file("ca.crt", identity.ca)],
          ["cert", () => file("operator.crt", identity.certificate)],
          ["key", () => file("operator.key", identity.privateKey)],
        ] as const)
      : []),
  ];
  const given = flagsIn(args);
  const free = ours.filter(([flag]) => !given.includes(flag));
  return Object.fromEntries([
    ...free.map(([flag, value]) => [variableOf(flag), value()]),
    // Also what the user has set: told twice, etcdctl dies with a stack trace.
    ...given.map((flag) => [variableOf(flag), undefined]),
  ]) as Record<string, string | undefined>;
}

/** The long names of the flags in etcdctl's arguments. */
function flagsIn(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.slice(0, end < 0 ? args.length : end).flatMap((arg) => {
    if (arg.startsWith("-w")) return ["write-out"]; // the only short one that has a variable
    const flag = /^--([a-z][a-z-]*)(=|$)/.exec(arg)?.[1];
    return flag ? [flag] : [];
  });
}

function variableOf(flag: string): string {
  return `ETCDCTL_${flag.toUpperCase().replaceAll("-", "_")}`;
}
