/** What a pipeline tells this program, by environment variables. Pure. */

export interface Settings {
  readonly stack: string;
  /** Also asks the services what is there; what was changed by hand is then put right. */
  readonly refresh: boolean;
  /** Digest of the plan that was approved; "" when none was. */
  readonly approved: string;
  /** What a person typed before a destroy. */
  readonly confirmation: string;
  /** The commit, for people. */
  readonly commit: string;
  /** Hosts of runners that live for one job. */
  readonly ephemeral: RegExp | undefined;
  readonly jobMinutes: number;
  readonly github: GitHubAccess | undefined;
  /** Number of the pull request whose comment is kept; 0 for none. */
  readonly pullRequest: number;
  /** Files that the forge reads. */
  readonly outputs: string;
  readonly summary: string;
}

export interface GitHubAccess {
  readonly api: string;
  /** owner/name */
  readonly repository: string;
  readonly token: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** @throws Error with all that is wrong */
export function settingsIn(env: Environment): Settings {
  const problems: string[] = [];
  const text = (name: string, rule: RegExp, words: string): string => {
    const value = env[name] ?? "";
    if (!rule.test(value)) problems.push(`${name}: ${words} (got ${JSON.stringify(value)})`);
    return value;
  };
  const stack = text(
    "ETCD_STACK",
    /^[\w.-]+(\/[\w.-]+){0,2}$/,
    "the name of the stack, such as prod; set the repository's variable ETCD_STACK",
  );
  const refresh = text("REFRESH", /^(|true|false)$/, "true, false or nothing") === "true";
  const approved = text(
    "APPROVED",
    /^(|[0-9a-f]{64})$/,
    "the digest that the plan's job printed, 64 hexadecimal digits",
  );
  const pull = text("PULL_REQUEST", /^\d{0,9}$/, "the number of a pull request, or nothing");
  const minutes = text("JOB_MINUTES", /^\d{0,4}$/, "whole minutes, or nothing for 60");
  const ephemeral = expression(env.EPHEMERAL_RUNNERS ?? "", problems);
  if (problems.length) throw new Error(problems.join("\n"));
  return {
    stack,
    refresh,
    approved,
    confirmation: env.CONFIRMATION ?? "",
    commit: env.GITHUB_SHA ?? env.CI_COMMIT_SHA ?? "",
    ephemeral,
    jobMinutes: Number(minutes || 60),
    github: gitHubIn(env),
    pullRequest: Number(pull),
    outputs: env.GITHUB_OUTPUT ?? env.PLAN_ENV ?? "",
    summary: env.GITHUB_STEP_SUMMARY ?? "",
  };
}

function expression(source: string, problems: string[]): RegExp | undefined {
  if (source === "") return undefined;
  try {
    return new RegExp(source);
  } catch {
    problems.push(
      "EPHEMERAL_RUNNERS: a regular expression for the host names of runners that live for one " +
        `job, such as ^runnervm (got ${JSON.stringify(source)})`,
    );
    return undefined;
  }
}

/** A token is there only in the jobs that may comment. */
function gitHubIn(env: Environment): GitHubAccess | undefined {
  const { GITHUB_API_URL: api, GITHUB_REPOSITORY: repository, GITHUB_TOKEN: token } = env;
  return api && repository && token ? { api, repository, token } : undefined;
}
