import type { EC2 } from "@aws-sdk/client-ec2";
import { note } from "../callLog.ts";
import { isList, isObject } from "../values.ts";
import type { Value, Values } from "../values.ts";

/** What the program's configuration says about EC2. */
export interface Settings {
  readonly region: string;
  readonly endpoint: string;
  /** Where STS answers; without it nobody can ask whose the credentials are. */
  readonly stsEndpoint?: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Tries after the first one; the official default is 25. */
  readonly maxRetries: number;
  readonly defaultTags: Readonly<Record<string, string>>;
}

const connectTimeoutMs = 5000;
const answerTimeoutMs = 60_000;

let settings: Settings | undefined;
let client: Promise<EC2> | undefined;

/**
 * An answer of EC2 that is not a success. Carries its code, for callers that can live with some of
 * them.
 */
export class Ec2Error extends Error {
  readonly code: string;
  constructor(
    operation: string,
    code: string,
    message: string,
    status: number | undefined,
    requestId: string | undefined,
  ) {
    const http =
      status === undefined
        ? ""
        : `https response error StatusCode: ${status}, RequestID: ${requestId ?? ""}, `;
    super(`operation error EC2: ${operation}, ${http}api error ${code}: ${message}`);
    this.code = code;
  }
}

export function configure(next: Settings): void {
  settings = next;
  client = undefined;
}

/** The configuration in force. Throws when the engine has not given one yet. */
export function configured(): Settings {
  if (!settings) throw new Error("aws: the engine has not configured the provider yet");
  return settings;
}

/**
 * The client for EC2's API. Loading the SDK takes a fifth of a second, so that waits until somebody
 * needs it.
 */
export function ec2(): Promise<EC2> {
  client ??= connect(configured());
  return client;
}

/** Runs a step and says what was being done when it failed, as the official provider does. */
export async function doing<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Ec2Error)
      throw Object.assign(error, { message: `${what}: ${error.message}` });
    throw error;
  }
}

/** The answer, or undefined when EC2 says with one of these codes that there is none. */
export async function unless<T>(
  codes: readonly string[],
  step: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof Ec2Error && codes.includes(error.code)) return undefined;
    throw error;
  }
}

async function connect(given: Settings): Promise<EC2> {
  const { EC2 } = await import("@aws-sdk/client-ec2");
  const api = new EC2({
    region: given.region,
    endpoint: given.endpoint,
    credentials: {
      accessKeyId: given.accessKeyId,
      secretAccessKey: given.secretAccessKey,
      ...(given.sessionToken ? { sessionToken: given.sessionToken } : {}),
    },
    maxAttempts: given.maxRetries + 1,
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
  api.middlewareStack.add(
    (next, context) => async (request) => {
      const start = performance.now();
      const operation = String(context.commandName ?? "").replace(/Command$/, "");
      const say = (end: string) =>
        note(
          `  ${operation} ${identifiers(request.input as Values)}→ ${end} ` +
            `(${Math.round(performance.now() - start)} ms)`,
        );
      try {
        const answer = await next(request);
        say("ok");
        return answer;
      } catch (error) {
        const failed = asEc2Error(operation, error);
        say(failed.message);
        throw failed;
      }
    },
    { step: "initialize", name: "labCallLog" },
  );
  return api;
}

function asEc2Error(operation: string, error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const { httpStatusCode, requestId } = ("$metadata" in error ? error.$metadata : {}) as {
    httpStatusCode?: number;
    requestId?: string;
  };
  return new Ec2Error(operation, error.name, error.message, httpStatusCode, requestId);
}

/** The ids in a request, for the log: everything else may hold what nobody should read. */
function identifiers(input: Value | undefined): string {
  if (isList(input)) return input.map(identifiers).join("");
  if (isObject(input))
    return Object.entries(input)
      .map(([key, value]) => (/Data$|Token$|Material$/.test(key) ? "" : identifiers(value)))
      .join("");
  return typeof input === "string" && /^[a-z]+-[0-9a-z]{4,17}$/.test(input) ? `${input} ` : "";
}
