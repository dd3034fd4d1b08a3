import type { Failure } from "../validation.ts";
import { isList, isObject, isUnknown } from "../values.ts";
import type { Value, Values } from "../values.ts";
import type { Settings } from "./client.ts";

const officialRetries = 25;

/**
 * What is wrong with the provider's configuration. Unlike the official one it insists on an
 * endpoint: it never talks to AWS.
 */
export function configFailures(config: Values): Failure[] {
  if (isUnknown(config.endpoints) || isUnknown(config.region)) return [];
  const found: Failure[] = [];
  if (typeof config.region !== "string" || config.region === "") {
    found.push({
      reason:
        "could not validate provider configuration: Missing region configuration. Check " +
        "`pulumi config get aws:region`.",
    });
  }
  const endpoints = parsed(config.endpoints);
  if (endpoints !== undefined && !isList(endpoints)) {
    found.push({
      reason:
        "could not validate provider configuration: aws:endpoints is a list of one " +
        "object, [{ec2: http://...}]. Check `pulumi config get aws:endpoints`.",
    });
  } else if (!endpointOf(config, "ec2")) {
    found.push({
      reason:
        "aws:endpoints: the lab's plugin only speaks to an emulator and needs its " +
        "address, [{ec2: http://127.0.0.1:<port>}]; LAB_PLUGINS=official runs the " +
        "official plugin",
    });
  }
  return found;
}

/** The configuration as the client needs it. Values that are no strings arrive as JSON. */
export function settingsFrom(config: Values): Settings {
  const defaultTags = parsed(config.defaultTags);
  const token = text(config.token);
  const stsEndpoint = endpointOf(config, "sts");
  return {
    region: text(config.region) ?? "us-east-1",
    endpoint: endpointOf(config, "ec2") ?? "",
    ...(stsEndpoint ? { stsEndpoint } : {}),
    accessKeyId: text(config.accessKey) ?? process.env.AWS_ACCESS_KEY_ID ?? "lab",
    secretAccessKey: text(config.secretKey) ?? process.env.AWS_SECRET_ACCESS_KEY ?? "lab",
    ...(token ? { sessionToken: token } : {}),
    maxRetries: Number(parsed(config.maxRetries) ?? officialRetries),
    defaultTags:
      isObject(defaultTags) && isObject(defaultTags.tags) ? strings(defaultTags.tags) : {},
  };
}

function endpointOf(config: Values, service: "ec2" | "sts"): string | undefined {
  const endpoints = parsed(config.endpoints);
  const named = isList(endpoints)
    ? endpoints
        .filter(isObject)
        .map((endpoint) => endpoint[service])
        .find((url) => typeof url === "string")
    : undefined;
  return typeof named === "string"
    ? named
    : (process.env[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] ?? process.env.AWS_ENDPOINT_URL);
}

function parsed(value: Value | undefined): Value | undefined {
  if (typeof value !== "string" || value === "") return value === "" ? undefined : value;
  try {
    return JSON.parse(value) as Value;
  } catch {
    return value; // a plain word, where the key's type is a string after all
  }
}

function text(value: Value | undefined): string | undefined {
  return typeof value === "string" && value !== "" && !isUnknown(value) ? value : undefined;
}

function strings(values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, String(value)]));
}
