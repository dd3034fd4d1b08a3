import { openStack } from "./stack/stackAccess.ts";
import { stackOutputs, type StackOutputs } from "./stack/stackOutputs.ts";
import { splitArguments, stackOption } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";
import { passThrough, type PrivateFile } from "./terminal/passThrough.ts";

const help = `
npm run etcdctl -- [--stack NAME] ARGS

etcdctl with the endpoints of all members and the operator's certificate set; flags of your own win.
On the lab's stack it is of the stack's etcd version, on every other the one on PATH.

  npm run etcdctl -- put colour blue
  npm run etcdctl -- get colour
  npm run etcdctl -- --stack prod endpoint status -w table
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
): Record<string, string> {
  const flags: readonly (readonly [flag: string, value: () => string])[] = [
    ["endpoints", () => Object.values(endpoints).join(",")],
    ...(identity
      ? ([
          ["cacert", () => file("ca.crt", identity.ca)],
          ["cert", () => file("operator.crt", identity.certificate)],
          ["key", () => file("operator.key", identity.privateKey)],
        ] as const)
      : []),
  ];
  // etcdctl refuses to run when a flag stands in the arguments and in the environment.
  const given = (flag: string) =>
    args.some((arg) => arg === `--${flag}` || arg.startsWith(`--${flag}=`));
  return Object.fromEntries(
    flags
      .filter(([flag]) => !given(flag))
      .map(([flag, value]) => [`ETCDCTL_${flag.toUpperCase()}`, value()]),
  );
}
