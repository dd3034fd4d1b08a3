/**
 * A stack's state as docs/pipelines.md has it: a versioned bucket and a key of KMS, here at the
 * lab's emulator, which judges no rights. What the page says is read from it.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { addresses, vpc } from "../../lab/addresses.ts";
import { projectDir } from "../../lab/paths.ts";

const emulator = `http://127.0.0.1:${addresses.ec2Port}`;

/** Leads the CLI there, with credentials that are none. */
export const stateEnvironment = {
  AWS_ENDPOINT_URL_S3: emulator,
  AWS_ENDPOINT_URL_KMS: emulator,
  AWS_ACCESS_KEY_ID: "lab",
  AWS_SECRET_ACCESS_KEY: "lab",
} as const;

export interface PageCommands {
  readonly login: string;
  readonly init: string;
  readonly bucket: string;
  /** What the login's address is as a variable of the repository. */
  readonly backend: string;
}

export async function commandsOfPage(): Promise<PageCommands> {
  const page = await fs.readFile(path.join(projectDir, "docs/pipelines.md"), "utf8");
  const [, login = "", backend = "", bucket = ""] =
    /^ *(pulumi login '(s3:\/\/([\w-]+)\?[^']+)')$/m.exec(page) ?? [];
  const [, init = ""] = /^ *(pulumi stack init prod --secrets-provider '[^']+')$/m.exec(page) ?? [];
  if (!login || !init) throw new Error("docs/pipelines.md: no login to S3, or no stack with KMS");
  return { login, init, bucket, backend };
}

/** Makes the bucket and the key, as somebody with an account would have. */
export async function makeState({ bucket, init }: PageCommands): Promise<void> {
  await call("s3", "PUT", `/${bucket}`);
  const versions = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
  await call("s3", "PUT", `/${bucket}?versioning`, versions);
  const { KeyMetadata } = JSON.parse(await kms("CreateKey", {})) as {
    KeyMetadata: { KeyId: string };
  };
  const [, AliasName = ""] = /awskms:\/\/(alias\/[\w-]+)/.exec(init) ?? [];
  await kms("CreateAlias", { AliasName, TargetKeyId: KeyMetadata.KeyId });
}

/** Every version of every object there: what was written since another look shows. */
export async function versionsIn({ bucket }: PageCommands): Promise<string[]> {
  const listed = await call("s3", "GET", `/${bucket}?versions`);
  return [...listed.matchAll(/<Key>([^<]+)<\/Key>\s*<VersionId>([^<]+)</g)].map(
    ([, key = "", version = ""]) => `${key} ${version}`,
  );
}

export async function objectIn({ bucket }: PageCommands, key: string): Promise<string> {
  return call("s3", "GET", `/${bucket}/${key}`);
}

function kms(action: string, body: object): Promise<string> {
  return call("kms", "POST", "/", JSON.stringify(body), {
    "x-amz-target": `TrentService.${action}`,
    "content-type": "application/x-amz-json-1.1",
  });
}

/** The emulator reads which service is meant from a signature, and judges none. */
async function call(
  service: string,
  method: string,
  route: string,
  body?: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> {
  const authorization =
    `AWS4-HMAC-SHA256 Credential=lab/20260101/${vpc.region}/${service}/aws4_request, ` +
    "SignedHeaders=host, Signature=0";
  const reply = await fetch(`${emulator}${route}`, {
    method,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await reply.text();
  if (!reply.ok) throw new Error(`${service} ${method} ${route}: ${reply.status} ${text}`);
  return text;
}
