import type { Failure } from "../validation.ts";
import { isUnknown } from "../values.ts";
import type { Value, Values } from "../values.ts";
import type { Settings } from "./api.ts";

const tokenForm = /^[0-9A-Za-z\-_]{40,80}$/;
const tokenRule =
  "Invalid Attribute Value Match. Attribute api_token API tokens must be 40 to 80 " +
  "characters long and only contain characters a-z, A-Z, 0-9, hyphens and underscores";

/**
 * What is wrong with the provider's configuration. Unlike the official one it insists on a base
 * URL: it never talks to Cloudflare.
 */
export function configFailures(config: Values): Failure[] {
  const found: Failure[] = [];
  const token = config.apiToken;
  if (typeof token === "string" && token !== "" && !isUnknown(token) && !tokenForm.test(token)) {
    found.push({
      reason:
        `could not validate provider configuration: ${tokenRule}. Check \`pulumi config ` +
        "get cloudflare:apiToken`.",
    });
  }
  if (config.apiKey !== undefined || config.apiUserServiceKey !== undefined) {
    found.push({
      reason:
        "cloudflare: the lab's plugin serves apiToken only; LAB_PLUGINS=official runs " +
        "the official plugin",
    });
  }
  if (!isUnknown(config.baseUrl) && !settingsFrom(config).baseUrl) {
    found.push({
      reason:
        "cloudflare:baseUrl: the lab's plugin only speaks to an emulator and needs its " +
        "address, http://127.0.0.1:<port>/client/v4; LAB_PLUGINS=official runs the " +
        "official plugin",
    });
  }
  return found;
}

/**
 * The configuration as the client needs it; the environment fills in what the program leaves out.
 */
export function settingsFrom(config: Values): Settings {
  const token = text(config.apiToken) ?? process.env.CLOUDFLARE_API_TOKEN;
  return {
    baseUrl: text(config.baseUrl) ?? process.env.CLOUDFLARE_BASE_URL ?? "",
    ...(token ? { apiToken: token } : {}),
  };
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" && !isUnknown(value) ? value : undefined;
}
