import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import type { Call, Resource } from "./handler.ts";
import { withName } from "./naming.ts";
import { failureMessages, failures } from "./validation.ts";
import { containsUnknown, decode, encode, secret } from "./values.ts";
import type { Values } from "./values.ts";

/**
 * Answers a check: the inputs completed and with secrets marked, and everything wrong with them.
 */
export function check(
  resource: Resource,
  request: messages.CheckRequest,
  call: Call,
): messages.CheckResponse {
  const given = decode(request.getNews());
  const wrong = failures(resource.properties, given, call.name);
  if (wrong.length === 0 && resource.check)
    wrong.push(...resource.check(withoutUnknown(given), call.name));
  const completed = resource.complete ? resource.complete(given) : given;
  return new pb.CheckResponse()
    .setInputs(encode(marked(resource, named(resource, request, completed, call))))
    .setFailuresList(failureMessages(wrong));
}

function named(
  resource: Resource,
  request: messages.CheckRequest,
  inputs: Values,
  call: Call,
): Values {
  if (!resource.autoname) return inputs;
  const autonaming = request.getAutonaming();
  const proposal = autonaming?.getProposedName();
  return withName(resource.autoname, call.name, decode(request.getOlds()), inputs, {
    seed: request.getRandomseed_asU8(),
    disabled: autonaming?.getMode() === pb.CheckRequest.AutonamingOptions.Mode.DISABLE,
    ...(proposal ? { proposal } : {}),
  });
}

function marked(resource: Resource, inputs: Values): Values {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, value]) => [
      name,
      resource.properties[name]?.secret && value !== undefined ? secret(value) : value,
    ]),
  );
}

/** A resource's own rules see only what is known; the rest is checked again when it is. */
function withoutUnknown(inputs: Values): Values {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => !containsUnknown(value)));
}
