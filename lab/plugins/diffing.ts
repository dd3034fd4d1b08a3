import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { changedNames, differences, withoutIgnored } from "./difference.ts";
import type { Change } from "./difference.ts";
import type { Resource } from "./handler.ts";
import { isObject } from "./values.ts";
import type { Values } from "./values.ts";

/**
 * All changes between what exists and what is wanted, with the resource's own rules for
 * replacement.
 */
export function diff(
  resource: Resource,
  oldInputs: Values,
  state: Values,
  wanted: Values,
  ignored: readonly string[],
): Change[] {
  const before = resource.compare === "inputs" ? oldInputs : state;
  const all = differences(resource.properties, before, wanted);
  const found = [...withoutIgnored(all, ignored), ...tagsSeenTwice(resource, all, ignored)];
  const replaced = new Set(resource.replacesToo?.(state, wanted, changedNames(found)) ?? []);
  return found.map((change) =>
    !resource.update || replaced.has([...changedNames([change])][0] ?? "")
      ? { ...change, replaces: true }
      : change,
  );
}

/**
 * The official AWS provider compares tags twice: those of the program, and all of them with the
 * default ones (`tagsAll`). A tag that is ignored in the first alone is changed by the second, so
 * that one set by somebody else goes, once an update has read it into the state.
 */
function tagsSeenTwice(
  resource: Resource,
  changes: readonly Change[],
  ignored: readonly string[],
): Change[] {
  if (!resource.properties.tagsAll) return [];
  const left = new Set(withoutIgnored(changes, ignored));
  const again = changes
    .filter((change) => !left.has(change) && /^tags[.[]/.test(change.path))
    .map((change) => ({ ...change, path: change.path.replace("tags", "tagsAll") }));
  return withoutIgnored(again, ignored);
}

/** The inputs for an update, in which the tags that it must not touch are those of the state. */
export function withIgnoredTags(state: Values, wanted: Values, ignored: readonly string[]): Values {
  const have = isObject(state.tagsAll) ? state.tagsAll : {};
  const tags = { ...(isObject(wanted.tags) ? wanted.tags : {}) };
  for (const key of new Set([...Object.keys(have), ...Object.keys(tags)])) {
    const change: Change = { path: `tagsAll.${key}`, kind: "update", replaces: false };
    if (withoutIgnored([change], ignored).length > 0) continue;
    if (have[key] === undefined) delete tags[key];
    else tags[key] = have[key];
  }
  return Object.keys(tags).length > 0 ? { ...wanted, tags } : wanted;
}

/** The answer to the engine: which properties change, and which of them make a new resource. */
export function diffMessage(
  resource: Resource,
  changes: readonly Change[],
  state: Values,
  wanted: Values,
): messages.DiffResponse {
  const replaces = changedNames(changes.filter((change) => change.replaces));
  const answer = new pb.DiffResponse()
    .setChanges(
      changes.length > 0
        ? pb.DiffResponse.DiffChanges.DIFF_SOME
        : pb.DiffResponse.DiffChanges.DIFF_NONE,
    )
    .setDiffsList([...changedNames(changes)])
    .setReplacesList([...replaces])
    .setDeletebeforereplace(replaces.size > 0 && keepsName(resource, state, wanted))
    .setHasdetaileddiff(true);
  for (const change of changes)
    answer.getDetaileddiffMap().set(change.path, new pb.PropertyDiff().setKind(kindOf(change)));
  return answer;
}

/**
 * Two resources cannot have one name: with a name of the program's choice the old one goes first.
 */
function keepsName(resource: Resource, state: Values, wanted: Values): boolean {
  const name = resource.autoname;
  if (!name || wanted[name] === undefined || wanted[name] !== state[name]) return false;
  return !(Array.isArray(wanted.__defaults) && wanted.__defaults.includes(name));
}

function kindOf({ kind, replaces }: Change): messages.PropertyDiff.Kind {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = pb.PropertyDiff.Kind;
  if (kind === "add") return replaces ? ADD_REPLACE : ADD;
  if (kind === "delete") return replaces ? DELETE_REPLACE : DELETE;
  return replaces ? UPDATE_REPLACE : UPDATE;
}
