import { isList, isObject } from "../values.ts";
import type { Value, Values } from "../values.ts";

/** An object of the API with the SDK's names, `created_on` as `createdOn`; its parts stay. */
export function inSdkNames(values: Values): Values {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [sdkName(key), value]));
}

/** The same for all that lies in it, without what is null: a look-up tells nothing of that. */
export function inSdkNamesDeep(value: Value): Value {
  if (isList(value)) return value.map(inSdkNamesDeep);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) =>
      part === undefined || part === null ? [] : [[sdkName(key), inSdkNamesDeep(part)]],
    ),
  );
}

function sdkName(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
