import { credentials } from "@grpc/grpc-js";
import engineGrpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import enginePb from "@pulumi/pulumi/proto/engine_pb.js";
import { note } from "./callLog.ts";

let client: EngineClient | undefined;

/** Names the engine that lines for the screen go to. */
export function useEngine(address: string): void {
  client = new engineGrpc.EngineClient(address, credentials.createInsecure());
}

/**
 * Shows a line beside a resource; a passing one ("status") only until the next. Lost quietly when
 * the engine is gone.
 */
export function say(
  urn: string,
  severity: "info" | "warning" | "error" | "status",
  line: string,
): void {
  const { INFO, WARNING, ERROR } = enginePb.LogSeverity;
  const request = new enginePb.LogRequest()
    .setUrn(urn)
    .setMessage(line)
    .setSeverity(severity === "warning" ? WARNING : severity === "error" ? ERROR : INFO)
    .setEphemeral(severity === "status");
  client?.log(request, (error) => {
    if (error) note(`the engine did not take a line: ${error.message}`);
  });
}
