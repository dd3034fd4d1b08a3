/**
 * Whether an address is one of Cloudflare's own (its published IPv4 ranges): a proxied record shows
 * these instead of its content.
 */
export function isCloudflareProxy(address: string): boolean {
  const ranges = [
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
  ];
  // Not imported: what travels in a state as text loads its modules where it runs.
  const { BlockList } = process.getBuiltinModule("node:net");
  const proxies = new BlockList();
  for (const range of ranges) {
    const [network = "", bits] = range.split("/");
    proxies.addSubnet(network, Number(bits), "ipv4");
  }
  return proxies.check(address, "ipv4");
}
