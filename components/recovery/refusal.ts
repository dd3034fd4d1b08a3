/** What a person reads and types when a thing is in the way that may not be removed. Pure. */
import type { Kind, Thing } from "./ec2Things.ts";
import type { Place, Verdict } from "./judgement.ts";

/** The resource that is about to be made. */
export interface Wanted {
  readonly type: string;
  /** Its logical name. */
  readonly name: string;
  readonly urn: string;
  /** Its component, by logical name and URN. */
  readonly parent: { readonly name: string; readonly urn: string };
  /** URN of its provider, where it is not the default one. */
  readonly provider?: string | undefined;
  readonly stack: string;
}

/** A thing in its way, and why it stays. */
export interface InTheWay {
  readonly thing: Pick<Thing, "id" | "name" | "status">;
  readonly place: Place;
  readonly verdict: Extract<Verdict, { act: "refuse" }>;
}

/**
 * A resource's component, from its URN: that of one member when the thing is named after the
 * member's host, else the cluster.
 */
export function parentOf(urn: string, cluster: string, host?: string): Wanted["parent"] {
  const [head, types = ""] = [urn.split("::").slice(0, 2).join("::"), urn.split("::")[2]];
  const its = types.slice(0, types.lastIndexOf("$"));
  const name = its.endsWith(":EtcdNode") ? `${cluster}-${host?.split(".")[0]}` : cluster;
  return { name, urn: `${head}::${its}::${name}` };
}

/** The command that takes a thing into the state, as the resource that is wanted. */
export function importCommand({ type, name, parent, provider, stack }: Wanted, id: string): string {
  return [
    "pulumi import",
    `--stack ${stack}`,
    // a URN holds $
    `--parent '${parent.name}=${parent.urn}'`,
    ...(provider ? [`--provider 'provider=${provider}'`] : []),
    "--protect=false --generate-code=false",
    type,
    name,
    id,
  ].join(" ");
}

/** One message for all that is in the way of one resource. */
export function refusalOf(wanted: Wanted, kind: Kind, inTheWay: readonly InTheWay[]): Error {
  const has = inTheWay.length > 1 ? `${inTheWay.length} that bear` : "one that bears";
  const error = new Error(
    `${wanted.name} was not made, and nothing was removed: EC2 has ${has} exactly its tags.\n` +
      inTheWay.map((one) => entry(wanted, kind, one)).join("\n"),
  );
  error.stack = ""; // the SDK prints it where a hook fails
  return error;
}

function entry(wanted: Wanted, kind: Kind, { thing, place, verdict }: InTheWay): string {
  const about = [thing.name, thing.status].filter(Boolean).join(", ");
  const head = `  The ${kind.word} ${thing.id}${about && ` (${about})`}: ${verdict.why}.`;
  return [head, ...ways(wanted, kind, thing.id, place, verdict.cure)].join("\n  ");
}

function ways(
  wanted: Wanted,
  kind: Kind,
  id: string,
  place: Place,
  cure: InTheWay["verdict"]["cure"],
): string[] {
  switch (cure) {
    case "keep":
      return [
        "The state has it, so this run would put another in its place, without the data. Leave",
        "out --replace, or take back the change of the settings that asks for another one.",
      ];
    case "rename":
      return [
        `The state has it as ${typeof place === "object" ? place.urn : "another resource"}.`,
        "Give that resource its old name back, or name it in the aliases of the new one.",
      ];
    case "import":
      return [
        "The state does not know it: it is older than the world, was edited, or was refreshed with",
        "another account's credentials. Take it back, then run `pulumi up` again" +
          `${kind.word === "instance" ? " (its attachment needs no import)" : ""}:`,
        `  ${importCommand(wanted, id)}`,
        "Or, if it is really to go, and nothing of it is needed any more:",
        `  npm run sweep -- --stack ${wanted.stack}`,
      ];
    default:
      return cure satisfies never;
  }
}
