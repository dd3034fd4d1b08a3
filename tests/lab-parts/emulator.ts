import { otherZone, zone } from "../../lab/addresses.ts";
import { cloudflareApp } from "../../lab/cloudflare/app.ts";
import type { DnsRecord } from "../../lab/cloudflare/records.ts";
import { RecordStore } from "../../lab/cloudflare/store.ts";
import type { ApiFailure } from "../../lab/faults.ts";

/** Path of the records of the lab's zone. */
export const records = `/zones/${zone.id}/dns_records`;
/** Authorization the emulator accepts. */
export const goodToken = `Bearer ${zone.apiToken}`;
/** A record as the program would make it. */
export const a = { name: "a.etcd.test", type: "A", content: "10.213.0.4", ttl: 60, proxied: false };
export const srv = {
  name: "_etcd-server-ssl._tcp.etcd.test",
  type: "SRV",
  ttl: 60,
  data: { priority: 0, weight: 0, port: 2380, target: "a.etcd.test" },
  priority: 0,
};

/** What every answer looks like. */
export interface Envelope {
  result: unknown;
  success: boolean;
  errors: { code: number; message: string; error_chain?: { code: number; message: string }[] }[];
  messages: unknown[];
  result_info?: Record<string, number>;
}

/**
 * An emulator with its records in memory: what it saved of the lab's zone, what it logged, and
 * failures to make it give.
 */
export function emulator() {
  const saved: (readonly DnsRecord[])[] = [];
  const lines: string[] = [];
  const failures: ApiFailure[] = [];
  const store = new RecordStore([], (all) => saved.push(all));
  const other = new RecordStore([], () => undefined, undefined, otherZone);
  const app = cloudflareApp({
    stores: [store, other],
    takeFailure: () => failures.shift(),
    log: (line) => lines.push(line),
  });
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    authorization: string | null = goodToken,
  ) => {
    const response = await app.request(`/client/v4${path}`, {
      method,
      headers: authorization === null ? {} : { authorization },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Envelope,
    };
  };
  const created = async (body: unknown) =>
    (await call("POST", records, body)).body.result as DnsRecord;
  return { app, call, created, saved, lines, failures, store, other };
}

/** The codes of an answer, an entry of the chain after its parent: "1004/9021". */
export const codes = (body: Envelope) =>
  body.errors.map((error) =>
    [error.code, ...(error.error_chain ?? []).map((link) => link.code)].join("/"),
  );
