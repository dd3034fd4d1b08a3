/** What the schema of settings says of each, for the texts that are made from it. Pure. */
import * as v from "valibot";
import { factsOf } from "../components/settings/fields.ts";

/** One setting. */
export interface SettingRow {
  readonly name: string;
  /** Type and range, in words. */
  readonly type: string;
  /** Empty where nothing is set. */
  readonly default: unknown;
  readonly description: string;
}

type Entry = v.GenericSchema & { readonly wrapped: v.GenericSchema; readonly default: unknown };

/** The settings of a schema, in its order. */
export function settingRows(schema: Readonly<Record<string, Entry>>): SettingRow[] {
  return Object.entries(schema).map(([name, entry]) => ({
    name,
    type: factsOf(entry).type,
    default: entry.default,
    description: v.getDescription(entry) ?? "",
  }));
}
