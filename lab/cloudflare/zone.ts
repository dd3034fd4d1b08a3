import type { ZoneName } from "../addresses.ts";

const made = "2026-01-01T00:00:00.000000Z";

/** A zone of the lab's account, as the API gives it. */
export const describeZone = ({ id, name }: ZoneName) => ({
  id,
  name,
  status: "active",
  paused: false,
  type: "full",
  development_mode: 0,
  name_servers: [`ns1.${name}`, `ns2.${name}`],
  original_name_servers: null,
  original_registrar: null,
  original_dnshost: null,
  created_on: made,
  modified_on: made,
  activated_on: made,
  meta: { step: 4, custom_certificate_quota: 0, page_rule_quota: 3, phishing_detected: false },
  owner: { id: null, type: "user", email: null },
  account: { id: "0e7cd1ab000000000000000000000001", name: "etcd lab" },
  permissions: ["#dns_records:edit", "#dns_records:read", "#zone:read"],
  plan: {
    id: "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
    name: "Free Website",
    price: 0,
    currency: "USD",
    frequency: "",
    is_subscribed: false,
    can_subscribe: false,
    legacy_id: "free",
    legacy_discount: false,
    externally_managed: false,
  },
});
