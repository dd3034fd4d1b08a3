import type { KeyPairInfo } from "@aws-sdk/client-ec2";
import type { KeyPair, KeyPairArgs } from "@pulumi/aws/ec2/keyPair.js";
import { resource } from "../handler.ts";
import type { InputsOf, Lookup, OutputsOf } from "../handler.ts";
import { doing, ec2, unless } from "./client.ts";
import { filtersFrom, only, onlyServed } from "./filters.ts";
import {
  arn,
  tagProperties,
  tagSpecification,
  tagsFrom,
  updateTags,
  withDefaultTags,
} from "./tags.ts";

type State = OutputsOf<KeyPair>;

/** `aws:ec2/keyPair:KeyPair`: a public key that instances take at launch. Its id is its name. */
export const keyPair = resource<InputsOf<KeyPairArgs>, State>({
  properties: {
    arn: { output: true },
    fingerprint: { output: true },
    keyName: { computed: true, replaces: true },
    keyNamePrefix: { output: true },
    keyPairId: { output: true },
    keyType: { output: true },
    publicKey: { required: true, replaces: true, local: true },
    ...tagProperties,
  },
  autoname: "keyName",
  complete: withDefaultTags,

  async create(inputs) {
    const api = await ec2();
    const name = inputs.keyName ?? "";
    // A trailing newline or comment is no part of the key: the official provider trims too.
    await doing(`importing EC2 Key Pair (${name})`, () =>
      api.importKeyPair({
        KeyName: name,
        PublicKeyMaterial: Buffer.from(inputs.publicKey.trim()),
        TagSpecifications: tagSpecification("key-pair", inputs.tags),
      }),
    );
    return { id: name, state: stateOf((await find(name)) ?? {}) };
  },

  async read(name) {
    const found = await find(name);
    return found && stateOf(found);
  },

  async update(name, state, inputs) {
    await updateTags(state.keyPairId ?? "", state.tags, inputs.tags);
    return stateOf((await find(name)) ?? {});
  },

  async remove(name) {
    const api = await ec2();
    await doing(`deleting EC2 Key Pair (${name})`, () =>
      unless(["InvalidKeyPair.NotFound"], () => api.deleteKeyPair({ KeyName: name })),
    );
  },
});

/** `aws.ec2.getKeyPair`: the one key that fits. None is an error, more than one too. */
export const getKeyPair: Lookup = async (args) => {
  onlyServed("getKeyPair", args, ["filters", "includePublicKey", "keyName", "keyPairId", "tags"]);
  const api = await ec2();
  const answer = await doing("reading EC2 Key Pair", () =>
    unless(["InvalidKeyPair.NotFound"], () =>
      api.describeKeyPairs({
        ...filtersFrom({ filters: args.filters }, {}), // its tags are no filter but an output
        ...(args.keyName ? { KeyNames: [String(args.keyName)] } : {}),
        ...(args.keyPairId ? { KeyPairIds: [String(args.keyPairId)] } : {}),
        IncludePublicKey: args.includePublicKey === true,
      }),
    ),
  );
  const found = only(answer?.KeyPairs, "EC2 Key Pair");
  const { keyNamePrefix: _, tagsAll: __, ...state } = stateOf(found);
  return {
    includePublicKey: false,
    ...args,
    ...state,
    createTime: found.CreateTime?.toISOString().replace(/\.\d+Z$/, "Z") ?? "",
    id: found.KeyPairId ?? "",
    publicKey: found.PublicKey ?? "",
  };
};

async function find(name: string): Promise<KeyPairInfo | undefined> {
  const api = await ec2();
  const answer = await doing(`reading EC2 Key Pair (${name})`, () =>
    unless(["InvalidKeyPair.NotFound"], () => api.describeKeyPairs({ KeyNames: [name] })),
  );
  return answer?.KeyPairs?.[0];
}

function stateOf(found: KeyPairInfo): State {
  return {
    arn: arn("key-pair", found.KeyName ?? ""),
    fingerprint: found.KeyFingerprint ?? "",
    keyName: found.KeyName ?? "",
    keyNamePrefix: "",
    keyPairId: found.KeyPairId ?? "",
    keyType: found.KeyType ?? "",
    ...tagsFrom(found.Tags),
  };
}
