/** The arguments of DNS records at Cloudflare. Never proxied: etcd is no HTTP service. Pure. */
import type * as pulumi from "@pulumi/pulumi";

/** An A record: a name's one address. */
export function addressRecord(name: string, content: pulumi.Input<string>) {
  return { name, type: "A", content, proxied: false };
}

/**
 * An SRV record. `priority` stands both at the top and in `data`: the API echoes both, and with
 * only one every preview shows a change (terraform-provider-cloudflare issues 5383, 6684).
 */
export function srvRecord(name: string, target: string, port: number) {
  const data = { priority: 0, weight: 0, port, target };
  return { name, type: "SRV", priority: 0, data, proxied: false };
}

/** A TXT record. Cloudflare wants the text in quotation marks, and gives it back so. */
export function textRecord(name: string, text: string) {
  return { name, type: "TXT", content: `"${text}"`, proxied: false };
}
