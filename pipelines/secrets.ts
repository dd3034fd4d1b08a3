/**
 * Takes secrets out of whatever is written: logs, comments, issues, summaries. The CLI hides what
 * it knows to be one; an error of a provider, or a text that holds one in another form, it does
 * not. Pure.
 */

/** Names of environment variables whose values are secrets. */
const secretNames = /TOKEN|SECRET|PASSPHRASE|PASSWORD|PRIVATE_KEY|ACCESS_KEY|CREDENTIAL/i;
/** Shorter ones stand in too many words. */
const shortest = 6;
const hidden = "[secret]";

/** Secret values in an environment. */
export function secretsOf(environment: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(environment).flatMap(([name, value]) =>
    value && secretNames.test(name) && !isPlain(name, value) ? [value] : [],
  );
}

/** Secret values in what `pulumi config --json --show-secrets` says, also within lists and maps. */
export function configuredSecrets(json: string): string[] {
  const texts = (value: unknown): string[] => {
    if (typeof value === "string") return [value];
    return value !== null && typeof value === "object" ? Object.values(value).flatMap(texts) : [];
  };
  const all = JSON.parse(json) as Record<string, Record<string, unknown> & { secret?: boolean }>;
  return Object.values(all).flatMap((entry) =>
    entry.secret ? texts([entry.value, entry.objectValue]) : [],
  );
}

/** Addresses and files that a forge puts into variables of such names. */
function isPlain(name: string, value: string): boolean {
  return /_(URL|FILE|PATH)$/.test(name) || /^(true|false|\d{1,6})$/.test(value);
}

/**
 * Hides these values in a text, in every form they may come in, and every private key whatever it
 * is. Texts come in pieces, whole lines each: a key's lines are hidden until its end.
 */
export function hiding(secrets: readonly string[]): (text: string) => string {
  const forms = [...new Set(secrets.flatMap(formsOf))]
    .filter((form) => form.length >= shortest)
    .sort((a, b) => b.length - a.length);
  let inKey = false;
  const hideLine = (line: string): string => {
    if (inKey) {
      inKey = !/-----END [A-Z ]*PRIVATE KEY-----/.test(line);
      return inKey ? "" : line.replace(/^.*?-----END [A-Z ]*PRIVATE KEY-----/, "");
    }
    let shown = line
      .replaceAll(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----/g, hidden)
      // "-----BEGIN " in base64, whatever follows
      .replaceAll(/LS0tLS1CRUdJT[A-Za-z0-9+/=_-]*/g, hidden);
    if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(shown)) {
      inKey = true;
      shown = shown.replace(/-----BEGIN [A-Z ]*PRIVATE KEY-----.*/, hidden);
    }
    for (const form of forms) shown = shown.replaceAll(form, hidden);
    return shown;
  };
  return (text) => text.split("\n").map(hideLine).join("\n");
}

/** As it is, by lines, and as JSON, URLs, hexadecimal and base64 at any offset write it. */
function formsOf(secret: string): string[] {
  const lines = secret.split("\n").map((line) => line.trim());
  const own = [secret, ...lines].filter((text) => text.length >= shortest);
  return own.flatMap((text) => [
    text,
    JSON.stringify(text).slice(1, -1),
    encodeURIComponent(text),
    Buffer.from(text).toString("hex"),
    ...[0, 1, 2].flatMap((offset) => base64At(text, offset)),
  ]);
}

/** The digits that are the same whatever stands around: without those that share bits with it. */
function base64At(text: string, offset: number): string[] {
  const padded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const whole = padded.length - (padded.length % 3);
  const digits = padded
    .subarray(0, whole)
    .toString("base64")
    .slice(offset === 0 ? 0 : 4);
  // One that was cut before its end, too.
  const all = digits.length > 16 ? [digits, digits.slice(0, -4)] : [digits];
  return all.flatMap((each) => [each, each.replaceAll("+", "-").replaceAll("/", "_")]);
}
