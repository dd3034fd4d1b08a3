import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { changedNames, differences, withoutIgnored } from "./difference.ts";
import type { Change } from "./difference.ts";
import type { Resource } from "./handler.ts";
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
  const found = withoutIgnored(differences(resource.properties, before, wanted), ignored);
  const replaced = new Set(resource.replacesToo?.(state, wanted, changedNames(found)) ?? []);
  return found.map((change) =>
    !resource.update || replaced.has([...changedNames([change])][0] ?? "")
      ? { ...change, replaces: true }
      : change,
  );
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
