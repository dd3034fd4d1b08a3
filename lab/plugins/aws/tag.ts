import type { Tag, TagArgs } from "@pulumi/aws/ec2/tag.js";
import { resource } from "../handler.ts";
import type { InputsOf, OutputsOf } from "../handler.ts";
import { configured, doing, ec2 } from "./client.ts";
import { tagProperties } from "./tags.ts";

type State = OutputsOf<Tag>;

/**
 * `aws:ec2/tag:Tag`: one tag of a thing that another resource manages. Its id, and what an import
 * names, is `<id of the thing>,<key>`.
 */
export const tag = resource<InputsOf<TagArgs>, State>({
  properties: {
    key: { required: true, replaces: true },
    region: tagProperties.region,
    resourceId: { required: true, replaces: true },
    value: { required: true },
  },

  /** Like EC2, sets a tag that is there already to the new value. */
  async create({ resourceId, key, value }) {
    await set("creating", resourceId, key, value);
    return { id: `${resourceId},${key}`, state: stateOf(resourceId, key, value) };
  },

  async read(id) {
    const { resourceId, key } = partsOf(id);
    const api = await ec2();
    const answer = await doing(`reading EC2 resource (${resourceId}) tag (${key})`, () =>
      api.describeTags({
        Filters: [
          { Name: "resource-id", Values: [resourceId] },
          { Name: "key", Values: [key] },
        ],
      }),
    );
    const found = answer.Tags?.[0];
    return found && stateOf(resourceId, key, found.Value ?? "");
  },

  async update(id, _state, { value }) {
    const { resourceId, key } = partsOf(id);
    await set("updating", resourceId, key, value);
    return stateOf(resourceId, key, value);
  },

  /** Like the official one, takes the tag away only while it has the value of the state. */
  async remove(id, { value }) {
    const { resourceId, key } = partsOf(id);
    const api = await ec2();
    await doing(`deleting EC2 resource (${resourceId}) tag (${key})`, () =>
      api.deleteTags({ Resources: [resourceId], Tags: [{ Key: key, Value: value ?? "" }] }),
    );
  },
});

async function set(verb: string, resourceId: string, key: string, value: string): Promise<void> {
  const api = await ec2();
  await doing(`${verb} EC2 resource (${resourceId}) tag (${key})`, () =>
    api.createTags({ Resources: [resourceId], Tags: [{ Key: key, Value: value }] }),
  );
}

/** A key may hold a comma, an id does not. */
function partsOf(id: string): { resourceId: string; key: string } {
  const comma = id.indexOf(",");
  if (comma < 1 || comma === id.length - 1)
    throw new Error(
      `invalid resource identifier (${JSON.stringify(id)}): expected the id of an EC2 resource ` +
        "and a tag's key with a comma between them, as in i-0123456789abcdef0,Name",
    );
  return { resourceId: id.slice(0, comma), key: id.slice(comma + 1) };
}

function stateOf(resourceId: string, key: string, value: string): State {
  return { resourceId, key, value, region: configured().region };
}
