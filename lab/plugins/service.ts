import type { UntypedServiceImplementation, sendUnaryData } from "@grpc/grpc-js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import pluginPb from "@pulumi/pulumi/proto/plugin_pb.js";
import type { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import type * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { note, noting } from "./callLog.ts";
import { say, useEngine } from "./engine.ts";
import { asServiceError, unserved } from "./failures.ts";
import type { Call, Provider, Resource } from "./handler.ts";
import { check } from "./checking.ts";
import { diff, diffMessage, withIgnoredTags } from "./diffing.ts";
import { changedNames } from "./difference.ts";
import { inputsFromState, plannedCreation, plannedUpdate } from "./planning.ts";
import { decode, encode, secret } from "./values.ts";
import type { Values } from "./values.ts";
import { failureMessages } from "./validation.ts";

type Request = { getUrn(): string; getType(): string; getName(): string };
type Unary<Q, A> = (call: { request: Q }, answer: sendUnaryData<A>) => void;

/**
 * The ResourceProvider service of the engine's protocol, for one provider. Long, because it is the
 * list of all calls of the protocol.
 */
export function service(provider: Provider): UntypedServiceImplementation {
  const cancelled = new AbortController();

  const answering =
    <Q, A>(method: (request: Q) => Promise<A>): Unary<Q, A> =>
    ({ request }, answer) => {
      method(request).then(
        (result) => answer(null, result),
        (error: unknown) => answer(asServiceError(error)),
      );
    };

  /** Answers for one resource, with a line in the log that names it. */
  const forResource = <Q extends Request, A>(
    verb: string,
    describe: (answer: A) => string,
    method: (resource: Resource, request: Q, call: Call) => Promise<A>,
  ) =>
    answering(async (request: Q): Promise<A> => {
      const urn = request.getUrn();
      const type = request.getType() || typeOf(urn);
      const name = request.getName() || (urn.split("::").pop() ?? urn);
      return noting(`${verb} ${type} ${name}`, describe, async () => {
        const resource = provider.resources[type];
        if (!resource)
          throw unserved(provider, "resource type", type, Object.keys(provider.resources));
        return method(resource, request, callFor(request, urn, name));
      });
    });

  const callFor = (request: object, urn: string, name: string): Call => {
    const seconds =
      "getTimeout" in request && typeof request.getTimeout === "function"
        ? Number(request.getTimeout())
        : 0;
    return {
      urn,
      name,
      signal: cancelled.signal,
      ...(seconds > 0 ? { timeoutMs: seconds * 1000 } : {}),
      say: (severity, line) => say(urn, severity, line),
    };
  };

  return {
    handshake: answering(async (request: messages.ProviderHandshakeRequest) => {
      if (request.getEngineAddress()) useEngine(request.getEngineAddress());
      return new pb.ProviderHandshakeResponse().setSupportsAutonamingConfiguration(true);
    }),
    attach: answering(async (request: PluginAttach) => {
      useEngine(request.getAddress());
      return new emptyPb.Empty();
    }),
    getPluginInfo: answering(async () => {
      const info = new pluginPb.PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    getSchema: answering(async () =>
      new pb.GetSchemaResponse().setSchema(
        JSON.stringify({ name: provider.name, version: provider.version }),
      ),
    ),
    cancel: answering(async () => {
      note("the engine ends this run");
      cancelled.abort();
      return new emptyPb.Empty();
    }),

    checkConfig: answering(async (request: messages.CheckRequest) => {
      const config = decode(request.getNews());
      const marked = Object.fromEntries(
        Object.entries(config).map(([key, value]) => [
          key,
          provider.secretConfig.includes(key) && value !== undefined ? secret(value) : value,
        ]),
      );
      return new pb.CheckResponse()
        .setInputs(encode(marked))
        .setFailuresList(failureMessages(provider.checkConfig(config)));
    }),
    // Another endpoint or token is still the same provider: nothing it made has to be made anew.
    diffConfig: answering(async () =>
      new pb.DiffResponse().setChanges(pb.DiffResponse.DiffChanges.DIFF_UNKNOWN),
    ),
    configure: answering(async (request: messages.ConfigureRequest) => {
      provider.configure(decode(request.getArgs()));
      return new pb.ConfigureResponse()
        .setSupportspreview(true)
        .setSupportsAutonamingConfiguration(true);
    }),

    check: forResource(
      "check",
      (answer: messages.CheckResponse) =>
        answer
          .getFailuresList()
          .map((failure) => failure.getReason())
          .join("; ") || "fine",
      async (resource, request: messages.CheckRequest, call) => check(resource, request, call),
    ),

    diff: forResource(
      "diff",
      (answer: messages.DiffResponse) => answer.getDiffsList().join(", ") || "no change",
      async (resource, request: messages.DiffRequest) => {
        const state = decode(request.getOlds());
        const wanted = decode(request.getNews());
        return diffMessage(
          resource,
          diff(
            resource,
            decode(request.getOldInputs()),
            state,
            wanted,
            request.getIgnorechangesList(),
          ),
          state,
          wanted,
        );
      },
    ),

    create: forResource(
      "create",
      (answer: messages.CreateResponse) => answer.getId() || "planned",
      async (resource, request: messages.CreateRequest, call) => {
        const inputs = decode(request.getProperties());
        if (request.getPreview())
          return new pb.CreateResponse().setProperties(
            encode(plannedCreation(resource.properties, inputs)),
          );
        const { id, state } = await resource.create(inputs, call);
        return new pb.CreateResponse()
          .setId(id)
          .setProperties(encode({ ...kept(resource, inputs), ...state, id }));
      },
    ),

    read: forResource(
      "read",
      (answer: messages.ReadResponse) => answer.getId() || "gone",
      async (resource, request: messages.ReadRequest, call) => {
        const old = decode(request.getProperties());
        const oldInputs = decode(request.getInputs());
        const found = resource.read ? await resource.read(request.getId(), old, call) : old;
        if (!found) return new pb.ReadResponse();
        // an import may name the thing in another way
        const id = typeof found.id === "string" ? found.id : request.getId();
        const state: Values = { ...(isImport(old) ? {} : kept(resource, old)), ...found, id };
        const inputs = resource.read
          ? {
              ...inputsFromState(resource.properties, oldInputs, state),
              __defaults: oldInputs.__defaults,
            }
          : oldInputs;
        return new pb.ReadResponse()
          .setId(id)
          .setProperties(encode(state))
          .setInputs(encode(inputs));
      },
    ),

    update: forResource(
      "update",
      (answer: messages.UpdateResponse) => (answer.hasProperties() ? "done" : "nothing"),
      async (resource, request: messages.UpdateRequest, call) => {
        const old = decode(request.getOlds());
        const inputs = decode(request.getNews());
        if (request.getPreview())
          return new pb.UpdateResponse().setProperties(
            encode(plannedUpdate(resource.properties, old, inputs)),
          );
        if (!resource.update) throw new Error(`${call.name}: cannot be updated in place`);
        const ignored = request.getIgnorechangesList();
        const changes = diff(resource, decode(request.getOldInputs()), old, inputs, ignored);
        const state = await resource.update(
          request.getId(),
          old,
          resource.properties.tagsAll ? withIgnoredTags(old, inputs, ignored) : inputs,
          changedNames(changes),
          call,
        );
        return new pb.UpdateResponse().setProperties(
          encode({ ...kept(resource, inputs), ...state, id: request.getId() }),
        );
      },
    ),

    delete: forResource(
      "delete",
      () => "gone",
      async (resource, request: messages.DeleteRequest, call) => {
        await resource.remove(request.getId(), decode(request.getProperties()), call);
        return new emptyPb.Empty();
      },
    ),

    invoke: answering(async (request: messages.InvokeRequest) =>
      noting(
        `invoke ${request.getTok()}`,
        () => "answered",
        async () => {
          const lookup = provider.lookups[request.getTok()];
          if (!lookup)
            throw unserved(provider, "function", request.getTok(), Object.keys(provider.lookups));
          return new pb.InvokeResponse().setReturn(
            encode(await lookup(decode(request.getArgs()), callFor(request, "", request.getTok()))),
          );
        },
      ),
    ),
  };
}

/** What only the program knows, carried into the state. */
function kept(resource: Resource, values: Values): Values {
  return Object.fromEntries(
    Object.entries(resource.properties).flatMap(([name, property]) =>
      property.local && (values[name] ?? property.default) !== undefined
        ? [[name, values[name] ?? property.default]]
        : [],
    ),
  );
}

/** What is imported has no state yet; nor has it what only the program knows, defaults too. */
function isImport(old: Values): boolean {
  return Object.keys(old).length === 0;
}

function typeOf(urn: string): string {
  return urn.split("::")[2]?.split("$").pop() ?? urn;
}
