import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import type { StackValidationPolicy } from "@pulumi/policy";
import { known } from "../known.ts";

export const srvKinds: StackValidationPolicy = {
  name: "srv-kinds",
  description:
    "etcd merges _etcd-server-ssl and _etcd-server: with both, no cluster forms, or " +
    "clients take the plain one. A domain has one kind of each, and server and client " +
    "records are of the same kind.",
  validateStack({ resources }, report) {
    const kinds = new Map<string, Map<string, string>>(); // domain → kind → a record's URN
    for (const resource of resources) {
      const [, , ssl, domain = ""] =
        /^_etcd-(server|client)(-ssl)?\._tcp\.(.+)$/.exec(
          known(() => resource.asType(DnsRecord)?.name) ?? "",
        ) ?? [];
      if (domain)
        kinds.set(
          domain,
          new Map([...(kinds.get(domain) ?? []), [ssl ? "-ssl" : "plain", resource.urn]]),
        );
    }
    for (const [domain, found] of kinds) {
      const plain = found.get("plain");
      if (found.size > 1)
        report(
          `${domain} has SRV records of both kinds, _etcd-…-ssl and plain; keep the ` +
            "kind that etcd:tls asks for.",
          plain,
        );
    }
  },
};
