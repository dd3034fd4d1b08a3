/** The records of two members, as the emulated Cloudflare keeps them. */
import type { DnsRecord } from "../../lab/cloudflare/records.ts";
import { RecordStore } from "../../lab/cloudflare/store.ts";

export const srvName = "_etcd-server-ssl._tcp.etcd.test";

export function record(body: Record<string, unknown>): DnsRecord {
  return new RecordStore([], () => undefined).create(body);
}
export const a = record({ name: "a", type: "A", content: "10.213.0.4", ttl: 60 });
export const srvOf = (node: string, data: object = {}) =>
  record({
    name: srvName,
    type: "SRV",
    ttl: 60,
    data: { priority: 0, weight: 0, port: 2380, target: `${node}.etcd.test`, ...data },
  });
export const set = [
  a,
  record({ name: "b", type: "A", content: "10.213.16.4", ttl: 60 }),
  srvOf("a"),
  srvOf("b"),
];
