/** Looks for a secret in what was written, in every form that a program may give it. */
import { createHash } from "node:crypto";

/** By name; without those that are too short to be told from chance. */
export function formsOfSecret(secret: string): Record<string, string> {
  const forms: Record<string, string> = {
    "as it is": secret,
    "in a URL": encodeURIComponent(secret),
    "in JSON": JSON.stringify(secret).slice(1, -1),
    hexadecimal: Buffer.from(secret).toString("hex"),
  };
  for (const offset of [0, 1, 2]) {
    const base64 = Buffer.from("x".repeat(offset) + secret).toString("base64");
    // without the digits that also hold bits of what stands around
    forms[`base64 at ${offset}`] = base64.slice(offset === 0 ? 0 : 4, -4);
  }
  return forms;
}

/** Where a secret stands in a text: by its digest, since a message may be written, too. */
export function leaksIn(text: string, secrets: Readonly<Record<string, string>>): string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    Object.entries(formsOfSecret(secret)).flatMap(([form, written]) => {
      if (written.length < 6 || !text.includes(written)) return [];
      const digest = createHash("sha256").update(secret).digest("hex").slice(0, 8);
      return [`${name} (${digest}) ${form}`];
    }),
  );
}
