/**
 * One client for each endpoint, a deadline on every call.
 *
 * One client for all would send `maintenance` calls to a random host; the default fault handling
 * turns a 2 s deadline into 6 s and, after an error, answers "circuit open" without asking
 * (measured with etcd3 1.1.2), so both policies are off. Runs inside a dynamic provider: modules
 * are imported inside functions.
 */
import type { Etcd3, IOptions } from "etcd3";
import { accessControlIsOn, isOfAccessControl } from "./accessControl.ts";
import { byAddress, type Asking } from "./asking.ts";
import type { DeclaredMember } from "./memberHealth.ts";

/** Gives `use` a client of one member; what it throws goes to `failed`. */
export async function withClient<T>(
  member: DeclaredMember,
  { deadlineMs, credentials, accessTo = byAddress }: Asking,
  use: (client: Etcd3) => Promise<T>,
  failed: (error: unknown) => T | Promise<T>,
): Promise<T> {
  const { Etcd3 } = await import("etcd3");
  const { noop } = await import("cockatiel");
  const { protocol, port } = new URL(member.endpoint);
  // The certificate is checked for the member's name: TLS knows no address as server name.
  const byName = { "grpc.ssl_target_name_override": new URL(member.peerUrl).hostname };
  let close = () => {};
  try {
    const dialled = await accessTo(member).dial(Number(port));
    const options: IOptions = {
      hosts: `${protocol}//${dialled.host}:${dialled.port}`,
      ...(credentials ? { credentials, grpcOptions: byName } : {}),
      faultHandling: { host: () => noop, global: noop },
      defaultCallOptions: (call) => (call.isStream ? {} : { deadline: Date.now() + deadlineMs }),
    };
    const client = new Etcd3(options);
    close = () => {
      client.close();
      dialled.close();
    };
    return await use(client);
  } catch (e) {
    return await failed(e);
  } finally {
    close();
  }
}

/**
 * A gRPC error as a short sentence; the class tells the kind, because `code` is undefined in etcd3
 * 1.1.2.
 */
export function inWords(error: unknown): string {
  const { name = "", message = String(error) } = error as { name?: string; message?: string };
  const kind = error?.constructor?.name ?? name;
  if (/Unavailable/.test(kind)) return "does not answer (connection refused or dropped)";
  if (/DeadlineExceeded/.test(kind))
    return "gave no answer within its deadline: hung, or without a leader";
  if (isOfAccessControl(message)) return accessControlIsOn;
  return message.split("\n")[0] ?? message;
}

/** An ID as etcdctl prints it; "" for none. */
export function hex(id: string): string {
  return id && id !== "0" ? BigInt(id).toString(16) : "";
}
