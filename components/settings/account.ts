/**
 * What has to be said of the accounts that a cluster is made in. Beside the providers of AWS and
 * Cloudflare, the components ask both services themselves, with what the stack's configuration says
 * (`aws:*`, `cloudflare:*`): resources made elsewhere would be looked for in another account.
 */
import * as pulumi from "@pulumi/pulumi";
import { regionOfAll } from "./rulesTogether.ts";
import type { Problem } from "./problems.ts";

const types = {
  aws: "aws:ec2/instance:Instance",
  cloudflare: "cloudflare:index/dnsRecord:DnsRecord",
};

/** Refuses providers given in the options of a resource or of one that it lies in. */
export function providerProblems(resource: pulumi.Resource): Problem[] {
  return Object.entries(types).flatMap(([name, type]) =>
    resource.getProvider(type)
      ? [
          {
            field: `opts.providers.${name}`,
            rule:
              "a provider of one's own is not honoured yet, for what is looked up beside it " +
              `would be another account's; set ${name}:… in the stack's configuration, and take ` +
              "the provider out of the options of this cluster and of what it lies in",
            value: `a provider for ${name}`,
          },
        ]
      : [],
  );
}

/** Refuses a role to assume. */
export function accountProblems(): Problem[] {
  const config = new pulumi.Config("aws");
  return ["assumeRoles", "assumeRole"].flatMap((key) => {
    const value = config.get(key);
    return value === undefined || /^\s*(\[\s*\]|\{\s*\}|null)?\s*$/.test(value)
      ? []
      : [
          {
            field: `aws:${key}`,
            rule:
              "a role to assume is not honoured yet, for what is looked up beside the " +
              "provider would be another account's; name credentials of the account itself, " +
              "such as a profile that assumes the role (aws:profile)",
            value: "a role",
          },
        ];
  });
}

/** AWS would say only that it knows no such zone, and after other things were made. */
export function regionProblems(nodes: Parameters<typeof regionOfAll>[0]): Problem[] {
  const region = new pulumi.Config("aws").get("region");
  const its = regionOfAll(nodes);
  return region && its && its !== region
    ? [
        {
          field: "nodes",
          rule: `their zones lie in ${its}, and aws:region is another; set one of the two`,
          value: region,
        },
      ]
    : [];
}
