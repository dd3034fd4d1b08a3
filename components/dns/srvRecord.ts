/**
 * The arguments of an SRV record at Cloudflare. `priority` stands both at the top and in `data`:
 * the API echoes both, and with only one every preview shows a change
 * (terraform-provider-cloudflare issues 5383, 6684). Pure.
 */
export function srvRecord(name: string, target: string, port: number) {
  return { name, type: "SRV", priority: 0, data: { priority: 0, weight: 0, port, target } };
}

/** Name of the SRV record that clients look up. */
export function clientSrvName(domain: string, tls: boolean): string {
  return `_etcd-client${tls ? "-ssl" : ""}._tcp.${domain}`;
}
