import type { ResourceType, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import type { Property } from "../properties.ts";
import { isObject } from "../values.ts";
import type { Values } from "../values.ts";
import { configured, doing, ec2 } from "./client.ts";

export type Tags = Record<string, string>;

/** The two properties every tagged resource has. */
export const tagProperties: Record<"tags" | "tagsAll" | "region", Property> = {
  tags: {},
  tagsAll: { output: true },
  region: { computed: true, replaces: true },
};

/** The provider's default tags belong to every resource; the program's own win. */
export function withDefaultTags(inputs: Values): Values {
  const own = isObject(inputs.tags) ? inputs.tags : {};
  const tags = { ...configured().defaultTags, ...own };
  return Object.keys(tags).length > 0 ? { ...inputs, tags } : inputs;
}

/** Tags for a thing that is being made. */
export function tagSpecification(type: ResourceType, tags: Tags | undefined): TagSpecification[] {
  return Object.keys(tags ?? {}).length > 0 ? [{ ResourceType: type, Tags: asList(tags) }] : [];
}

/** The tags of a thing, as outputs. AWS's own (`aws:…`) are nobody's to manage. */
export function tagsFrom(list: readonly Tag[] | undefined): {
  tags: Tags;
  tagsAll: Tags;
  region: string;
} {
  const tags = Object.fromEntries(
    (list ?? [])
      .filter((tag) => !tag.Key?.startsWith("aws:"))
      .map((tag) => [tag.Key ?? "", tag.Value ?? ""]),
  );
  return { tags, tagsAll: tags, region: configured().region };
}

/**
 * Makes a thing's tags the wanted ones: first removes what is not wanted, then sets what is new or
 * different.
 */
export async function updateTags(
  id: string,
  have: Tags | undefined,
  want: Tags | undefined,
): Promise<void> {
  const gone = Object.keys(have ?? {}).filter((key) => want?.[key] === undefined);
  const changed = Object.fromEntries(
    Object.entries(want ?? {}).filter(([key, value]) => have?.[key] !== value),
  );
  const api = await ec2();
  if (gone.length > 0)
    await doing(`updating tags for EC2 resource (${id})`, () =>
      api.deleteTags({ Resources: [id], Tags: gone.map((Key) => ({ Key })) }),
    );
  if (Object.keys(changed).length > 0)
    await doing(`updating tags for EC2 resource (${id})`, () =>
      api.createTags({ Resources: [id], Tags: asList(changed) }),
    );
}

function asList(tags: Tags | undefined): Tag[] {
  return Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value }));
}

/**
 * The ARN of an EC2 thing. Without an account look-up the account is empty, as with the official
 * provider.
 */
export function arn(kind: string, id: string, account = ""): string {
  return `arn:aws:ec2:${configured().region}:${account}:${kind}/${id}`;
}
