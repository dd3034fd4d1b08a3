/**
 * How a dynamic resource is declared. What is declared here travels: Pulumi writes the provider and
 * all that its functions reach into the state as text, and runs that text in a process of its own,
 * at a deletion the text of the last `up`. So a definition
 *
 *   - imports packages inside its functions, and pure helpers of ours at the top of the file
 *   - holds no secret, reads no file, and does not mention `import.meta`
 *   - uses nothing before it is declared
 *   - gets a higher `version` when its meaning changes, or states would keep the old code
 *
 * tests/components/engine/serialised.test.ts looks for the second.
 */
import type * as pulumi from "@pulumi/pulumi";

/**
 * Reads one value of the stack's configuration by its full key, such as `aws:region`. A hook and a
 * dynamic provider read it in different ways.
 */
export type Setting = (key: string) => string | undefined;

/** What one call knows beside the inputs. */
export interface Call<Outputs> {
  /** Outputs of before, when the resource is there and is brought up to date. */
  readonly olds?: Outputs;
  readonly setting: Setting;
}

/** Why an input is refused, as `preview` shows it. */
export interface Refusal {
  /** For the program; the reason names it in a person's words. */
  readonly property: string;
  readonly reason: string;
}

export interface Definition<Inputs extends object, Outputs extends object> {
  /** Its name below `etcd:`. Part of every URN: it never changes. */
  readonly type: string;
  /** An input of that name. @default none, for states that never had one */
  readonly version?: number;
  /** Outputs that are no inputs. */
  readonly computed?: readonly (keyof Outputs & string)[];
  /** Outputs that the state encrypts. */
  readonly secrets?: readonly (keyof Outputs & string)[];
  /**
   * What decides an update: one is due when this differs between outputs of before and inputs, or
   * `version` does. Inputs may be unknown in a preview: then they are a text of any form. @default
   * nothing of theirs
   */
  readonly meaning?: (values: Inputs | Outputs) => unknown;
  /** Another reason for an update, such as time that has passed. */
  readonly due?: (olds: Outputs, news: Inputs) => boolean;
  /**
   * Inputs whose change asks for another resource in place of this one, which is deleted: where one
   * of them is the id of a thing that is deleted before it is replaced, before that thing is.
   * Called with unknowns, too: in preview, and in `up` while that thing is about to be replaced.
   * @default none
   */
  readonly replaces?: (olds: Outputs, news: Inputs) => string[];
  /** Refuses inputs. Called in `preview` too, with unknowns; `olds` is empty for a new one. */
  readonly check?: (olds: Partial<Inputs>, news: Inputs) => Refusal[];
  /** Makes it, or brings it up to date when there are `olds`. Returns all outputs each time. */
  readonly make: (inputs: Inputs, call: Call<Outputs>) => Promise<Outputs>;
  /** The id of a new one. */
  readonly id: (outputs: Outputs) => string;
  /**
   * What a `refresh` finds: the outputs, one of them with another verdict where that changed. What
   * differs at each look, such as a number, stays as it was, or every refresh would show drift. An
   * error, or no answer within 5 s, changes nothing: a refresh comes before every repair.
   */
  readonly read?: (outputs: Outputs, call: Call<Outputs>) => Promise<Outputs>;
  /**
   * Deletes it. It runs in whatever checkout there is then, perhaps of a later release: a package
   * that it imports and that is not there any more is said, and passed over, unless it `guards`.
   * @default nothing is done
   */
  readonly remove?: (outputs: Outputs, call: Call<Outputs>) => Promise<void>;
  /** Whether its deletion decides what else may go: then no failure of it is passed over. */
  readonly guards?: boolean;
}

/** The arguments of `pulumi.dynamic.Resource`'s constructor. */
type Registration = [
  provider: pulumi.dynamic.ResourceProvider,
  name: string,
  inputs: pulumi.Inputs,
  opts: pulumi.CustomResourceOptions,
  module: string,
  type: string,
];

/**
 * Declares a kind of resource once. What it returns is handed on by the constructor of its class:
 *
 *     const seeds = resource<object, { seed: string }>({ type: "HostKeySeed", … });
 *
 *     export class HostKeySeed extends pulumi.dynamic.Resource {
 *       declare readonly seed: pulumi.Output<string>;
 *       constructor(name: string, opts?: pulumi.CustomResourceOptions) {
 *         super(...seeds(name, {}, opts));
 *       }
 *     }
 */
export function resource<Inputs extends object, Outputs extends object>(
  definition: Definition<Inputs, Outputs>,
): (name: string, inputs: pulumi.Inputs, opts?: pulumi.CustomResourceOptions) => Registration {
  const provider = providerOf(definition);
  const { type, version, computed = [], secrets = [] } = definition;
  return (name, inputs, opts = {}) => [
    provider,
    name,
    {
      ...inputs,
      ...(version === undefined ? {} : { version }),
      ...Object.fromEntries(computed.map((key) => [key, undefined])),
    },
    secrets.length ? { ...opts, additionalSecretOutputs: [...secrets] } : opts,
    "etcd",
    type,
  ];
}

/** What a look finds, or the outputs of before when it fails or takes longer than 5 s. */
async function inTime<Outputs>(look: () => Promise<Outputs>, before: Outputs): Promise<Outputs> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Outputs>((resolve) => {
    timer = setTimeout(() => resolve(before), 5000);
  });
  try {
    return { ...before, ...(await Promise.race([look(), late])) };
  } catch {
    return before;
  } finally {
    clearTimeout(timer);
  }
}

/** Rejects as the removal does, but for a package that is not there: that is said. */
async function passingOver(type: string, removal: Promise<void>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    const [, missing] = /Cannot find (?:package|module) '([^']+)'/.exec(String(error)) ?? [];
    if (missing === undefined) throw error;
    console.log(
      `${type} looked for nothing when it was deleted: the release that wrote it into the state ` +
        `needs the package ${missing}, which this checkout does not have. npm run sweep lists ` +
        "what it may have missed",
    );
  }
}

/** The stack's configuration: the engine hands it over before anything else. */
interface Configured {
  configuration?: { get(key: string): string | undefined };
}

/**
 * The provider that is written into the state: it captures these functions, and nothing else. None
 * may be called as the method that calls it: the serialiser takes that for a call of itself.
 */
function providerOf<Inputs extends object, Outputs extends object>({
  type,
  meaning,
  due,
  replaces,
  check: refusals,
  make,
  id,
  read: look,
  remove,
  guards,
}: Definition<Inputs, Outputs>): pulumi.dynamic.ResourceProvider<Inputs, Outputs> & Configured {
  const meant = (values: Inputs | Outputs) =>
    JSON.stringify([(values as { version?: unknown }).version, meaning?.(values)]);
  return {
    async configure({ config }) {
      this.configuration = config;
    },
    async diff(_id, olds, news) {
      const replaced = replaces?.(olds, news) ?? [];
      const updated = meant(olds) !== meant(news) || (due?.(olds, news) ?? false);
      return { changes: updated || replaced.length > 0, replaces: replaced };
    },
    async create(inputs) {
      const outs = await make(inputs, { setting: (key) => this.configuration?.get(key) });
      return { id: id(outs), outs };
    },
    async update(_id, olds, news) {
      const setting: Setting = (key) => this.configuration?.get(key);
      return { outs: await make(news, { olds, setting }) };
    },
    ...(refusals && {
      async check(olds, news) {
        // With a property's name the engine would print its whole value before the reason.
        const unnamed = ({ reason }: Refusal) => ({ property: "", reason });
        return { inputs: news, failures: refusals(olds ?? {}, news).map(unnamed) };
      },
    }),
    ...(look && {
      async read(same: string, outputs: Outputs) {
        const setting: Setting = (key) => this.configuration?.get(key);
        return { id: same, props: await inTime(() => look(outputs, { setting }), outputs) };
      },
    }),
    ...(remove && {
      async delete(_id, outputs) {
        const removal = remove(outputs, { setting: (key) => this.configuration?.get(key) });
        await (guards ? removal : passingOver(type, removal));
      },
    }),
  } as pulumi.dynamic.ResourceProvider<Inputs, Outputs> & Configured;
}
