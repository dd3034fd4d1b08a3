import { note } from "../callLog.ts";
import type { Call } from "../handler.ts";
import { pause } from "../polling.ts";
import { isList, isObject } from "../values.ts";
import type { Value, Values } from "../values.ts";

/**
 * The official provider's SDK tries ten times more, after half a second at first and never more
 * than eight.
 */
const retries = 10;
const firstDelayMs = 500;
const longestDelayMs = 8000;
const longestAskedForMs = 60_000;
const requestTimeoutMs = 60_000;

export interface Settings {
  readonly baseUrl: string;
  /** Requests go out without Authorization when there is none, as with the official provider. */
  readonly apiToken?: string;
}

let settings: Settings | undefined;

export function configure(next: Settings): void {
  settings = next;
}

/** An answer of the API that is not a success, worded as the official provider's SDK words it. */
export class CloudflareError extends Error {
  readonly status: number;
  constructor(method: string, url: string, status: number, statusText: string, body: string) {
    super(`${method} "${url}": ${status} ${statusText} ${body}`);
    this.status = status;
  }
}

/** A page of a list, asked for in the same way as one thing is. */
export async function requestList(path: string, call: Call): Promise<readonly Values[]> {
  const { result } = await answer("GET", path, undefined, call);
  return isList(result) ? result.filter(isObject) : [];
}

/**
 * Calls the API and returns the answer's `result`, which is one thing. Tries again on connection
 * errors, 408, 409, 429 and 5xx, and waits as long as the answer asks for. Only the HTTP status
 * decides about success, as with the official provider.
 */
export async function request(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body: Values | undefined,
  call: Call,
): Promise<Values> {
  const { result } = await answer(method, path, body, call);
  return isObject(result) && !isList(result) ? result : {};
}

async function answer(
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body: Values | undefined,
  call: Call,
): Promise<Values> {
  if (!settings) throw new Error("cloudflare: the engine has not configured the provider yet");
  const url = `${settings.baseUrl.replace(/\/+$/, "")}/${path}`;
  for (let retry = 0; ; retry++) {
    const start = performance.now();
    const outcome = await attempt(method, url, body, settings.apiToken, call.signal);
    const took = `${Math.round(performance.now() - start)} ms`;
    note(
      `  ${method} ${path} → ${outcome.error ? outcome.error.message : outcome.status} (${took})`,
    );
    if (!outcome.error) return outcome.envelope;
    if (!outcome.again || retry >= retries || call.signal.aborted) throw outcome.error;
    const delayMs = outcome.askedForMs ?? backoff(retry);
    if (retry > 0)
      call.say(
        "status",
        `${method} ${path}: retry ${retry + 1} of ${retries} in ` +
          `${(delayMs / 1000).toFixed(1)} s (${outcome.status || "no connection"})`,
      );
    await pause(delayMs, call.signal, `the next try of ${method} ${path}`);
  }
}

interface Outcome {
  readonly status: number;
  readonly envelope: Values;
  readonly error?: Error;
  readonly again: boolean;
  readonly askedForMs?: number;
}

async function attempt(
  method: string,
  url: string,
  body: Values | undefined,
  token: string | undefined,
  cancelled: AbortSignal,
): Promise<Outcome> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, {
      method,
      headers: {
        ...(body ? { "content-type": "application/json" } : {}),
        ...(token ? { authorization: `Bearer ${token}` } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
      signal: AbortSignal.any([cancelled, AbortSignal.timeout(requestTimeoutMs)]),
    });
    text = await response.text();
  } catch (error) {
    return {
      status: 0,
      envelope: {},
      again: true,
      error: new Error(`${method} "${url}": ${reason(error)}`),
    };
  }
  if (response.ok) return { status: response.status, envelope: envelopeOf(text), again: false };
  const { status, statusText, headers } = response;
  return {
    status,
    envelope: {},
    again: shouldRetry(status, headers),
    error: new CloudflareError(method, url, status, statusText, text),
    ...askedFor(headers),
  };
}

function shouldRetry(status: number, headers: Headers): boolean {
  const word = headers.get("x-should-retry");
  if (word === "true" || word === "false") return word === "true";
  return [408, 409, 429].includes(status) || status >= 500;
}

function askedFor(headers: Headers): { askedForMs?: number } {
  const ms = Number(headers.get("retry-after-ms") ?? NaN);
  const after = headers.get("retry-after");
  const seconds = Number(after ?? NaN);
  const wanted = Number.isFinite(ms)
    ? ms
    : Number.isFinite(seconds)
      ? seconds * 1000
      : after
        ? Date.parse(after) - Date.now()
        : NaN;
  return wanted >= 0 && wanted < longestAskedForMs ? { askedForMs: wanted } : {};
}

/** Doubles each time, up to a quarter less at random, so that clients do not come back together. */
function backoff(retry: number): number {
  return Math.min(firstDelayMs * 2 ** retry, longestDelayMs) * (1 - Math.random() / 4);
}

function envelopeOf(text: string): Values {
  const envelope = JSON.parse(text || "{}") as Value;
  return isObject(envelope) && !isList(envelope) ? envelope : {};
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error
    ? error.cause.message || String((error.cause as NodeJS.ErrnoException).code ?? error.message)
    : error.message;
}
