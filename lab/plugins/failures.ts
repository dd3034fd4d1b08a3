import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError } from "@grpc/grpc-js";
import anyPb from "google-protobuf/google/protobuf/any_pb.js";
import pb from "@pulumi/pulumi/proto/provider_pb.js";
import statusPb from "@pulumi/pulumi/proto/status_pb.js";
import { HalfMade } from "./handler.ts";
import type { Provider } from "./handler.ts";
import { encode } from "./values.ts";

/**
 * Messages travel in HTTP/2 trailers, which must not grow without limit: the end of a long one says
 * most.
 */
const longestMessage = 32 * 1024;

/** An error in the form the engine reads; a half-made resource carries its state with it. */
export function asServiceError(error: unknown): Partial<ServiceError> {
  const message = shortened(error instanceof Error ? error.message : String(error));
  const metadata = new Metadata();
  if (error instanceof HalfMade) {
    const half = new pb.ErrorResourceInitFailed()
      .setId(error.id)
      .setProperties(encode({ ...error.state, id: error.id }))
      .setReasonsList([message]);
    const detail = new anyPb.Any();
    detail.pack(half.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const full = new statusPb.Status();
    full.setCode(status.UNKNOWN);
    full.setMessage(message);
    full.addDetails(detail);
    metadata.add("grpc-status-details-bin", Buffer.from(full.serializeBinary()));
  }
  return { code: status.UNKNOWN, details: message, metadata };
}

/** A type or function that is not among those the lab serves. */
export function unserved(
  provider: Provider,
  what: string,
  token: string,
  served: readonly string[],
): Error {
  return new Error(
    `unrecognized ${what}: ${token}. The lab's ${provider.name} plugin serves ` +
      `${served.join(", ") || "none"}; LAB_PLUGINS=official runs the official plugin.`,
  );
}

function shortened(message: string): string {
  return message.length <= longestMessage
    ? message
    : `[${message.length - longestMessage} characters left out]\n${message.slice(-longestMessage)}`;
}
