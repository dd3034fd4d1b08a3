import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type { CheckFailure } from "@pulumi/pulumi/proto/provider_pb.js";
import type { Properties, Property } from "./properties.ts";
import { apiName } from "./properties.ts";
import { isObject, isUnknown } from "./values.ts";
import type { Value, Values } from "./values.ts";

/**
 * Why the engine refuses a resource at preview. The official providers name no property apart: it
 * stands in the reason.
 */
export interface Failure {
  readonly property?: string;
  readonly reason: string;
}

/**
 * Everything wrong with a resource's inputs, in the official providers' words. `name` is the
 * resource's own name.
 */
export function failures(properties: Properties, inputs: Values, name: string): Failure[] {
  return [
    ...unserved(properties, inputs, name),
    ...Object.entries(properties).flatMap(([key, property]) =>
      failuresOf(property, key, key, inputs[key], inputs, name),
    ),
  ];
}

/** A failure in the official wording, which ends with the place to look at. */
export function failure(reason: string, name: string, path: string): Failure {
  return { reason: `${reason}. Examine values at '${name}.${path}'.` };
}

function failuresOf(
  property: Property,
  key: string,
  path: string,
  value: Value | undefined,
  siblings: Values,
  name: string,
): Failure[] {
  if (value === undefined || value === null) {
    return property.required ? [{ reason: `Missing required property '${path}'` }] : [];
  }
  if (isUnknown(value)) return [];
  const found: Failure[] = [];
  if (property.oneOf && !property.oneOf.includes(String(value))) {
    found.push(
      failure(
        `expected ${apiName(key)} to be one of ` +
          `[${property.oneOf.map((one) => JSON.stringify(one)).join(" ")}], got ` +
          `${String(value)}`,
        name,
        path,
      ),
    );
  }
  if (
    property.between &&
    (Number(value) < property.between[0] || Number(value) > property.between[1])
  ) {
    found.push(
      failure(
        `expected ${apiName(key)} to be in the range (${property.between[0]} - ` +
          `${property.between[1]}), got ${String(value)}`,
        name,
        path,
      ),
    );
  }
  for (const other of property.conflicts ?? []) {
    if (siblings[other] !== undefined)
      found.push(
        failure(
          `Conflicting configuration arguments. "${apiName(key)}": conflicts with ` +
            apiName(other),
          name,
          path,
        ),
      );
  }
  if (property.fields && isObject(value)) {
    found.push(...unserved(property.fields, value, name, `${path}.`));
    for (const [field, definition] of Object.entries(property.fields)) {
      found.push(...failuresOf(definition, field, `${path}.${field}`, value[field], value, name));
    }
  }
  return found;
}

/** Silence about an input that is not served would make a machine other than the one asked for. */
function unserved(properties: Properties, values: Values, name: string, prefix = ""): Failure[] {
  return Object.keys(values)
    .filter((key) => !key.startsWith("__") && (!properties[key] || properties[key].output))
    .map((key) =>
      failure(
        `Invalid or unknown key: the lab's plugin does not serve '${prefix}${key}' ` +
          "(LAB_PLUGINS=official runs the official plugin)",
        name,
        `${prefix}${key}`,
      ),
    );
}

/** Failures as the engine's protocol has them. */
export function failureMessages(found: readonly Failure[]): CheckFailure[] {
  return found.map(({ property, reason }) =>
    new pb.CheckFailure().setProperty(property ?? "").setReason(reason),
  );
}
