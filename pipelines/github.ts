/**
 * GitHub's REST API, as far as pipelines need it: one comment on a pull request and one issue, each
 * found again by its mark.
 */
import type { GitHubAccess } from "./settings.ts";

interface Item {
  readonly id: number;
  readonly number: number;
  readonly body?: string | null;
  readonly user?: { readonly type?: string } | null;
  readonly pull_request?: unknown;
}

const callMs = 30_000;
/** Of 100 each: more would be a loop. */
const mostPages = 100;

/** Makes the comment with this mark, or changes it in place. */
export async function keepComment(
  access: GitHubAccess,
  pull: number,
  mark: string,
  text: string,
): Promise<void> {
  const body = `${mark}\n${text}`;
  const old = await find(access, `/issues/${pull}/comments?`, mark);
  if (!old) await call(access, "POST", `/issues/${pull}/comments`, { body });
  else if (old.body !== body) await call(access, "PATCH", `/issues/comments/${old.id}`, { body });
}

/** One open issue with this mark while there is a text, none otherwise. Says what it did. */
export async function keepIssue(
  access: GitHubAccess,
  mark: string,
  title: string,
  text: string | undefined,
): Promise<"opened" | "updated" | "closed" | "left as it is"> {
  const old = await find(access, "/issues?state=open&", mark);
  if (text === undefined) {
    if (!old) return "left as it is";
    await call(access, "PATCH", `/issues/${old.number}`, { state: "closed" });
    return "closed";
  }
  const body = `${mark}\n${text}`;
  if (!old) {
    await call(access, "POST", "/issues", { title, body });
    return "opened";
  }
  // Each edit may be a mail to somebody.
  if (old.body === body) return "left as it is";
  await call(access, "PATCH", `/issues/${old.number}`, { body });
  return "updated";
}

/** Only a bot's own: whoever may comment could write the mark. */
async function find(access: GitHubAccess, list: string, mark: string): Promise<Item | undefined> {
  for (let page = 1; page <= mostPages; page++) {
    const items = (await call(access, "GET", `${list}per_page=100&page=${page}`)) as Item[];
    const found = items.find(
      (item) =>
        item.user?.type === "Bot" && !item.pull_request && (item.body ?? "").startsWith(mark),
    );
    if (found || items.length < 100) return found;
  }
  return undefined;
}

async function call(
  { api, repository, token }: GitHubAccess,
  method: string,
  route: string,
  body?: unknown,
): Promise<unknown> {
  const what = `${method} ${route.split("?")[0]}`;
  const reply = await fetch(`${api}/repos/${repository}${route}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      accept: "application/vnd.github+json",
      "x-github-api-version": "2022-11-28",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(callMs),
  }).catch((error: unknown) => {
    const { message, cause } = error as Error;
    throw new Error(
      `GitHub did not answer ${what}: ${message}${cause ? ` (${String(cause)})` : ""}`,
    );
  });
  const text = await reply.text();
  if (!reply.ok) {
    const next = nextStep(reply.status);
    throw new Error(`GitHub answered ${reply.status} to ${what}: ${text.slice(0, 200)}${next}`);
  }
  return text === "" ? undefined : JSON.parse(text);
}

function nextStep(status: number): string {
  if (status === 401)
    return "; the token is none, or over: it has to be the job's own github.token";
  if (status === 403 || status === 404)
    return (
      "; the job needs the permission pull-requests: write (preview) or issues: write (drift), " +
      "and the repository its issues switched on"
    );
  return status >= 500 ? "; GitHub is unwell, run the job again" : "";
}
