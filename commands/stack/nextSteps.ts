/** What to do about what a provider says: a table by the providers' own words. Pure. */
import type { Failure } from "./failures.ts";

/** How a person calls things on the stack. */
export interface Commands {
  /** What runs the same again. */
  readonly again: string;
  /** The Pulumi CLI on it. */
  readonly pulumi: string;
  /** A command on a machine, before the member's name. */
  readonly ssh: string;
}

type Said = Pick<Failure, "message" | "node"> & { readonly resource: { readonly type: string } };
type Step = (commands: Commands, node: string) => string;
type Row = readonly [words: RegExp, step: Step];

const unreachable = /dial tcp|no such host|i\/o timeout|connection reset|TLS handshake|EOF\b/i;
const gone: Step = ({ pulumi }) =>
  `it was removed by hand, or is not there yet: ${pulumi} up --refresh looks at what there is`;

/** The first row that fits counts. Provider names are the first part of a resource's type. */
const rows: Readonly<Record<string, readonly Row[]>> = {
  command: [
    [
      /host key mismatch|no common algorithm for host key/,
      () =>
        "something else answers at this address, or the machine's key was made anew; nothing was " +
        'sent to it. See "host key" in docs/troubleshooting.md',
    ],
    [
      /unable to authenticate/,
      ({ again }) =>
        "sshUser has to be the image's user with sudo, and sshPrivateKey the key that this " +
        `machine was made with; then ${again}`,
    ],
    [
      /SSH_AUTH_SOCK|agent/,
      ({ again }) => `the SSH agent is gone: unset SSH_AUTH_SOCK, then ${again}`,
    ],
    [
      /sudo: a password is required/,
      ({ again }) => `sshUser may not use sudo without a password there: another, then ${again}`,
    ],
    [
      /connection refused/,
      ({ again }, node) =>
        `the machine is up and its SSH is not: look at the console output of ${node}'s instance, ` +
        `start sshd there, then ${again}`,
    ],
    [
      /dial tcp|i\/o timeout|no route to host|deadline exceeded/,
      ({ again }) =>
        "does the machine run, is there a way to this address from here, and is this machine's " +
        `address in sshFrom? Then ${again}`,
    ],
    [
      /without exit status|EOF\b|connection reset|broken pipe|closed network/,
      ({ again }) => `the connection broke, the converge goes on without it: ${again} takes it up`,
    ],
    [
      /^/,
      ({ again, ssh }, node) =>
        `mend what it says, then ${again} converges again; all of its log: ${ssh} ${node} sudo ` +
        "tail -n 100 /var/lib/etcd-bootstrap/converge.log",
    ],
  ],
  aws: [
    [
      /UnauthorizedOperation|AccessDenied|not authorized to perform/,
      ({ again }) =>
        "allow what it names to the credentials in use (AWS permissions in docs/production.md), " +
        `then ${again}`,
    ],
    [
      /Expired|InvalidClientTokenId|AuthFailure|SignatureDoesNotMatch|valid credential|IMDS/,
      ({ again }) => `log in to AWS (aws sts get-caller-identity shows as whom), then ${again}`,
    ],
    [
      /InsufficientInstanceCapacity|InsufficientHostCapacity|^.*\bUnsupported:/s,
      ({ again, pulumi }, node) =>
        `the zone has none now: ${again} later, or another type: ${pulumi} config set --path ` +
        `'etcd:nodes.${node}.instanceType' …`,
    ],
    [
      /RequestLimitExceeded|Throttling|TooManyRequests/,
      ({ again }) => `the account makes too many calls: wait some minutes, then ${again}`,
    ],
    [
      /LimitExceeded|QuotaExceeded/,
      ({ again }) => `raise the quota (Service Quotas in AWS), or free something, then ${again}`,
    ],
    [
      /Invalid(AMIID|SubnetID|Subnet)\b/,
      ({ again }) => `set etcd:ami and etcd:subnets to ids of this account and region; ${again}`,
    ],
    [/NotFound|couldn't find resource|does not exist/, gone],
    [
      unreachable,
      ({ again }) => `AWS could not be reached: is there a way to it from here? Then ${again}`,
    ],
    [
      /StatusCode: 5\d\d|InternalError|ServiceUnavailable/,
      ({ again }) => `AWS has trouble (https://health.aws.amazon.com): ${again} later`,
    ],
  ],
  cloudflare: [
    [
      /8105[378]\b|already exists/,
      ({ again }) => `somebody else has a record of this name: ${again} once more says whose it is`,
    ],
    [/\b81044\b|Record does not exist/, gone],
    [
      /\b(?:9109|10000|6003|6111)\b|Authentication error|40[13] (?:Unauthorized|Forbidden)/,
      ({ again }) =>
        "the token (cloudflare:apiToken, or CLOUDFLARE_API_TOKEN) needs DNS Edit for the zone " +
        `(Cloudflare token in docs/production.md); then ${again}`,
    ],
    [
      /\b700[03]\b|[Cc]ould not route|404 Not Found/,
      ({ again }) => `set etcd:zoneId to the id of a zone that the token may see, then ${again}`,
    ],
    [
      /\b429\b|\b971\b|rate limit/i,
      ({ again }) => `Cloudflare takes no more calls for now: ${again} in five minutes`,
    ],
    [
      unreachable,
      ({ again }) =>
        `api.cloudflare.com could not be reached: is there a way to it from here? Then ${again}`,
    ],
    [
      /\b5\d\d (?:Internal|Bad|Service|Gateway)/,
      ({ again }) => `Cloudflare has trouble (https://www.cloudflarestatus.com): ${again} later`,
    ],
  ],
};

/** What a person does next; the same again where the words are not known. */
export function nextStep({ message, resource, node }: Said, commands: Commands): string {
  const provider = resource.type.split(":")[0] ?? "";
  const row = rows[provider]?.find(([words]) => words.test(message));
  return row?.[1](commands, node?.name ?? "NODE") ?? `mend what it says, then ${commands.again}`;
}
