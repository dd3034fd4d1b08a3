/**
 * Exchanges the token of a GitLab job for credentials of AWS, once: the job's token ends after
 * minutes, and providers ask late. Prints exports for the shell:
 *
 *     eval "$(node pipelines/assumeRole.ts)"
 *
 * Nothing is printed without AWS_ROLE: then the runner has credentials of its own.
 */
const {
  AWS_ROLE: role,
  AWS_ID_TOKEN: token,
  AWS_REGION: region,
  CI_JOB_ID: job = "0",
} = process.env;
/** As long as the longest job. */
const seconds = 3600;

async function credentials(roleArn: string): Promise<string[]> {
  if (!token || !region)
    throw new Error(
      "AWS_ID_TOKEN and AWS_REGION: both are needed beside AWS_ROLE; the first comes from " +
        "id_tokens in .gitlab-ci.yml, the second is a variable of the project",
    );
  const endpoint = process.env.AWS_ENDPOINT_URL_STS ?? `https://sts.${region}.amazonaws.com`;
  const reply = await fetch(endpoint, {
    method: "POST",
    body: new URLSearchParams({
      Action: "AssumeRoleWithWebIdentity",
      Version: "2011-06-15",
      RoleArn: roleArn,
      RoleSessionName: `gitlab-${job}`,
      WebIdentityToken: token,
      DurationSeconds: String(seconds),
    }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await reply.text();
  if (!reply.ok)
    throw new Error(
      `AWS_ROLE: ${roleArn} was not given (${reply.status}): ${text.slice(0, 300)}; its trust ` +
        "policy has to name this project and branch (docs/pipelines.md)",
    );
  return [
    ["AWS_ACCESS_KEY_ID", "AccessKeyId"],
    ["AWS_SECRET_ACCESS_KEY", "SecretAccessKey"],
    ["AWS_SESSION_TOKEN", "SessionToken"],
  ].map(([name = "", element = ""]) => {
    const [, value] = new RegExp(`<${element}>([\\w+/=-]+)</${element}>`).exec(text) ?? [];
    if (!value) throw new Error(`${endpoint} answered without a ${element} of the usual form`);
    return `export ${name}='${value}'`;
  });
}

try {
  if (role) process.stdout.write(`${(await credentials(role)).join("\n")}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.stdout.write("exit 1\n"); // eval would go on
  process.exitCode = 1;
}
