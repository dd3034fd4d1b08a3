import { waitForDns } from "../components/dns/dnsReadiness.ts";
import { startDnsStub } from "../tests/dnsStub.ts";
import { percentile } from "./statistics.ts";

/**
 * How long after the last record is published the gate opens, in milliseconds: against a server on
 * loopback that publishes at a moment the gate does not know, spread evenly over the first seconds
 * of its waiting.
 */
export async function dnsDetection(runs: number): Promise<{ p50: number; p95: number }> {
  const members = ["a", "b", "c"].map((n, i) => ({
    target: `${n}.etcd.test`,
    address: `10.0.0.${i + 1}`,
  }));
  const delays: number[] = [];
  for (let i = 0; i < runs; i++) {
    const publishedAt = performance.now() + 400 + ((i * 997) % 2000);
    const stub = await startDnsStub((name, type) => {
      const member = members.find((m) => m.target === name);
      if (performance.now() < publishedAt) return { rcode: "NXDOMAIN" };
      if (name === "_etcd-server._tcp.etcd.test")
        return {
          records: members.map(({ target }) => ({
            name,
            type: "SRV" as const,
            ttl: 60,
            data: { target, port: 2380, priority: 0, weight: 0 },
          })),
        };
      return member && type === "A"
        ? { records: [{ name, type: "A", ttl: 60, data: member.address }] }
        : member
          ? {}
          : { rcode: "NXDOMAIN" };
    });
    await waitForDns(
      {
        expected: { domain: "etcd.test", tls: false, port: 2380, members },
        nameservers: [stub.server],
        timeoutSeconds: 30,
      },
      () => undefined,
    );
    delays.push(performance.now() - publishedAt);
    await stub.close();
  }
  return { p50: percentile(delays, 0.5), p95: percentile(delays, 0.95) };
}
