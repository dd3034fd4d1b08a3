import type { KeyPairInfo } from "@aws-sdk/client-ec2";
import type { KeyPair, KeyPairArgs } from "@pulumi/aws/ec2/keyPair.js";
import { resource } from "../handler.ts";
import type { InputsOf, OutputsOf } from "../handler.ts";
import { doing, ec2, unless } from "./client.ts";
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
