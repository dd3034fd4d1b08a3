/** Cloudflare's API as its provider reaches it, for look-ups of our own. */
import type { Setting } from "../engine/resource.ts";

export interface Api {
  call(method: string, route: string, accepted?: number): Promise<unknown>;
  /** The command that removes it by hand. */
  deletion(route: string): string;
}

/**
 * With the same address and token as the provider. Five tries, ten seconds each; an answer's
 * retry-after is honoured up to a minute. What it is asked for goes into the message of its error.
 */
export function cloudflareApi(setting: Setting, forWhat: string): Api {
  const base = apiAddress(setting);
  const token = (setting("cloudflare:apiToken") ?? process.env.CLOUDFLARE_API_TOKEN ?? "").trim();
  const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return {
    deletion: (route) =>
      `curl -X DELETE -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" ${base}/${route}`,
    async call(method, route, accepted) {
      let why = "";
      for (let attempt = 0; attempt < 5; attempt++) {
        try {
          const reply = await fetch(`${base}/${route}`, {
            method,
            headers: token ? { authorization: `Bearer ${token}` } : {},
            signal: AbortSignal.timeout(10_000),
          });
          if (reply.ok) return ((await reply.json()) as { result: unknown }).result;
          if (reply.status === accepted) return undefined;
          why = `${reply.status} ${(await reply.text()).slice(0, 300)}`;
          if (reply.status !== 429 && reply.status < 500) break;
          await pause(Math.min(Number(reply.headers.get("retry-after")) || 2 ** attempt / 2, 60));
        } catch (error) {
          why = (error as Error).message;
          await pause(2 ** attempt / 2);
        }
      }
      throw new Error(
        `Cloudflare could not be asked ${forWhat} (${method} ${route.split("?")[0]}): ${why}`,
      );
    },
  };
}

/** Where the provider finds the API; without a slash at its end. */
export function apiAddress(setting: Setting): string {
  return (
    setting("cloudflare:baseUrl") ??
    process.env.CLOUDFLARE_BASE_URL ??
    "https://api.cloudflare.com/client/v4"
  ).replace(/\/+$/, "");
}
