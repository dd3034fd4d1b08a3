import type { Properties, Property } from "./properties.ts";
import { isObject, unknown } from "./values.ts";
import type { Value, Values } from "./values.ts";

/**
 * What a preview shows of a resource that does not exist yet: the inputs, and everything the API
 * will add as unknown.
 */
export function plannedCreation(properties: Properties, inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]): [string, Value | undefined] => {
      const given = property.output ? undefined : (inputs[name] ?? property.default);
      if (given === undefined)
        return [name, property.output || property.computed ? unknown : undefined];
      return [
        name,
        property.fields && isObject(given) ? plannedCreation(property.fields, given) : given,
      ];
    }),
  );
}

/**
 * What a preview shows of a resource after an update: the last state with the new inputs laid over
 * it.
 */
export function plannedUpdate(properties: Properties, state: Values, inputs: Values): Values {
  const planned: Record<string, Value | undefined> = { ...state };
  for (const [name, property] of Object.entries(properties)) {
    const given = property.output ? undefined : (inputs[name] ?? property.default);
    const before = state[name];
    if (given !== undefined)
      planned[name] =
        property.fields && isObject(given) && isObject(before)
          ? plannedUpdate(property.fields, before, given)
          : given;
    else if (property.renewed) planned[name] = unknown;
    else if (!property.output && !property.computed) delete planned[name];
  }
  return planned;
}

/**
 * The inputs a program would have to give to get what now exists. In a refresh only what the
 * program had given is looked at; in an import everything that can be given and is not empty.
 */
export function inputsFromState(properties: Properties, oldInputs: Values, state: Values): Values {
  const importing = Object.keys(oldInputs).length === 0;
  return Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]): [string, Value][] => {
      const value = state[name];
      const old = oldInputs[name];
      if (property.output || value === undefined || value === null) return [];
      if (
        importing
          ? property.local || isDefault(value, property) || conflicts(property, state)
          : old === undefined
      )
        return [];
      if (importing)
        return [
          [
            name,
            property.fields && isObject(value)
              ? (inputsFromState(property.fields, {}, value) as Value)
              : value,
          ],
        ];
      return [
        [
          name,
          property.fields && isObject(value) && isObject(old)
            ? (inputsFromState(property.fields, old, value) as Value)
            : value,
        ],
      ];
    }),
  );
}

function isDefault(value: Value, property: Property): boolean {
  return ['""', "[]", "{}", "false", JSON.stringify(property.default)].includes(
    JSON.stringify(value),
  );
}

/** Of two properties that exclude each other the one that says more about itself stays. */
function conflicts(property: Property, state: Values): boolean {
  return (property.conflicts ?? []).some(
    (other) => state[other] !== undefined && !isDefault(state[other] ?? null, property),
  );
}
