/** What is said when a cluster cannot have its names. Pure. */
import { inWords, type ListedRecord } from "../recovery/cloudflareLeftovers.ts";
import { markOf } from "../recovery/marks.ts";
import type { Taken } from "./takenNames.ts";

/** Who asks. */
export interface Asking {
  readonly domain: string;
  readonly zoneId: string;
  readonly project: string;
  readonly stack: string;
  /** The command that removes the record of this id by hand. */
  readonly removal: (recordId: string) => string;
}

/** All that is in the way, by owner, and the ways out. */
export function takenWords(taken: readonly Taken[], asking: Asking): string {
  const owners = [...new Set(taken.map(({ record }) => record.comment ?? ""))];
  return [
    `Cloudflare has records at the names of ${asking.domain} that this stack did not make. They ` +
      "were left alone, and nothing was made.",
    ...owners.flatMap((comment) => {
      const its = taken.filter(({ record }) => (record.comment ?? "") === comment);
      return [
        `  ${ownerWords(comment, asking)}:`,
        ...its.map(({ record, why }) => `    ${recordWords(record)}${why ? `: ${why}` : ""}`),
        ...wayOut(comment, its, asking).map((line) => `  ${line}`),
      ];
    }),
  ].join("\n");
}

/** A domain that is neither the zone nor below it. */
export function outsideWords(domain: string, zone: string, zoneId: string): string {
  return (
    `domain: ${domain} does not lie in the zone ${zone} (zoneId ${zoneId}), so Cloudflare would ` +
    `make every record below ${domain}.${zone}. Set domain to ${zone} or a name below it, or ` +
    `zoneId to the zone that ${domain} lies in: its overview page at Cloudflare shows the ID`
  );
}

/** The claim is not there, although the state has it. */
export function missingWords(name: string, zoneId: string): string {
  return (
    `The record ${name} TXT, by which this stack claims its names, is not at Cloudflare (zoneId ` +
    `${zoneId}), so nothing is made under them. Was it removed by hand? \`pulumi up --refresh\` ` +
    "makes it again, unless somebody else has the names by now"
  );
}

function ownerWords(comment: string, { project, stack }: Asking): string {
  const mark = markOf(comment);
  if (!mark) return comment ? `with the comment ${JSON.stringify(comment)}` : "without a comment";
  return mark.project === project && mark.stack === stack
    ? `of another life of this stack (${comment})`
    : `of the stack ${mark.project}/${mark.stack} (${comment})`;
}

function recordWords(record: ListedRecord): string {
  return `${inWords(record).replace("the DNS record ", "")}${record.proxied ? " (proxied)" : ""}`;
}

function wayOut(comment: string, taken: readonly Taken[], asking: Asking): string[] {
  const ids = taken.map(({ record }) => record.id);
  const removal =
    ids.length === 1
      ? asking.removal(ids[0] ?? "")
      : `for id in ${ids.join(" ")}; do ${asking.removal("$id")}; done`;
  const mark = markOf(comment);
  if (!mark)
    return ["Use another domain; or, when nobody needs them, remove them:", `  ${removal}`];
  const own = mark.project === asking.project && mark.stack === asking.stack;
  return [
    own
      ? "Its state was lost or given up, or the cluster has had another name in the program. Put " +
        "the state or the name back if you can: its members may live by these names."
      : `A cluster lives by them, or did. Use another domain, or end that cluster first: pulumi ` +
        `destroy --stack ${mark.stack}`,
    `${own ? "If you cannot" : "If its state is lost"}, see what still runs, and remove what ` +
      "nobody needs any more:",
    `  npm run sweep -- --stack ${mark.stack}`,
    "or, when only the records are left:",
    `  ${removal}`,
  ];
}
