/** What a sweep needs to know of a stack: how its clouds are asked, and what its state knows. */
import { readFile } from "node:fs/promises";
import * as path from "node:path";
import { projectDir } from "../../lab/paths.ts";
import type { Setting } from "../../components/engine/resource.ts";
import type { Home } from "../../components/recovery/home.ts";
import { pulumi } from "../stack/pulumiAnswer.ts";
import type { StackAccess } from "../stack/stackAccess.ts";

export interface SweptStack {
  readonly project: string;
  /** Without organization. */
  readonly stack: string;
  /** The zone of its records. */
  readonly zoneId: string;
  /** The stack's configuration, secrets in the open. */
  readonly setting: Setting;
  /** Ids, in the clouds, of all that the state knows. */
  readonly known: ReadonlySet<string>;
  /** The stack's present id; undefined where the state is empty. */
  readonly stackId: string | undefined;
  /** Where its things are, as the state has it. */
  readonly home: Home;
}

interface Exported {
  readonly deployment?: { readonly resources?: readonly Resource[] };
}
interface Resource {
  readonly type: string;
  readonly id?: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/**
 * @throws Error with the next step when the stack cannot be read, names no zone, or makes its
 * machines with a provider that only its program has
 */
export async function sweptStack(access: StackAccess): Promise<SweptStack> {
  const [config, state, project] = await Promise.all([
    pulumi(access, ["config", "--json", "--show-secrets", ...access.settings]),
    pulumi(access, ["stack", "export"]),
    readFile(path.join(projectDir, "Pulumi.yaml"), "utf8"),
  ]);
  const settings = JSON.parse(config) as Record<string, { readonly value?: string } | undefined>;
  const zoneId = settings["etcd:zoneId"]?.value;
  if (!zoneId)
    throw new Error(
      `etcd:zoneId of the stack ${access.name} is not set, so its records cannot be looked for; ` +
        `type: pulumi config set --stack ${access.name} zoneId …`,
    );
  return {
    project: /^name: *(\S+)/m.exec(project)?.[1] ?? "etcd",
    stack: access.name.split("/").at(-1) ?? access.name,
    zoneId,
    setting: (key) => settings[key]?.value,
    ...knownTo(JSON.parse(state) as Exported),
  };
}

/** Pure. A key pair's id in the state is its name; its id in EC2 is an output. */
export function knownTo({ deployment }: Exported): Pick<SweptStack, "known" | "stackId" | "home"> {
  const resources = deployment?.resources ?? [];
  const ids = resources.flatMap(({ id, outputs }) => [id, outputs?.id, outputs?.keyPairId]);
  const life = resources.find(({ type }) => type.endsWith("etcd:Incarnation"));
  const { account, region, ownProvider } = life?.outputs ?? {};
  if (ownProvider === true)
    throw new Error(
      "this stack's machines are made with an AWS provider of its own program, and only that can " +
        "ask for them: look in its account for what bears the stack's tags (Project, Stack)",
    );
  return {
    known: new Set(ids.filter((id): id is string => typeof id === "string" && id !== "")),
    stackId: life?.id,
    home: { account: textOf(account), region: textOf(region) },
  };
}

const textOf = (value: unknown) => (typeof value === "string" && value ? value : undefined);
