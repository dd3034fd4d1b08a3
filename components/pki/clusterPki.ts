import * as pulumi from "@pulumi/pulumi";
import type { CertificateSettings } from "../config/certificateSettings.ts";
import { Certificate } from "./certificate.ts";
import { CertificateAuthority } from "./certificateAuthority.ts";
import { authorityWarning, endOf } from "./certificates.ts";

/** A certificate and its key with the CA that signed it, all PEM; the key is a secret. */
export interface Identity {
  readonly ca: pulumi.Output<string>;
  readonly certificate: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
}

/** What makes the identities of one cluster. */
export interface ClusterPki {
  /** A member's: for its names and its address, as server and as client. */
  member(name: string, hostname: string, address: pulumi.Input<string>): Identity;
  /** The operator's: a client, and no peer, because it holds no name of the cluster. */
  readonly operator: Identity;
}

/**
 * The certificates of a cluster: of a CA of its own, or of the one that was brought. Each member's
 * holds the domain (peers are limited to certificates with that name), its full name, its private
 * address (checked without DNS), and the loopback for tools on the node.
 */
export function clusterPki(
  name: string,
  domain: string,
  settings: CertificateSettings,
  brought: { readonly certificate: string; readonly privateKey: pulumi.Input<string> } | undefined,
  opts: pulumi.CustomResourceOptions,
): ClusterPki {
  const authority =
    brought ?? new CertificateAuthority(`${name}-ca`, { commonName: `etcd CA of ${domain}` }, opts);
  const ca = pulumi.output(authority.certificate);
  const shared = {
    authority,
    days: settings.certificateDays,
    renewBeforeDays: settings.renewBeforeDays,
  };
  ca.apply(async (certificate) => {
    const warning = authorityWarning(
      Date.now(),
      await endOf(certificate),
      settings.certificateDays,
    );
    if (warning) pulumi.log.warn(warning);
  });
  const identity = ({ certificate, privateKey }: Certificate): Identity => ({
    ca,
    certificate,
    privateKey,
  });
  return {
    member: (member, hostname, address) =>
      identity(
        new Certificate(
          `${name}-${member}-certificate`,
          {
            ...shared,
            commonName: hostname,
            dnsNames: [domain, hostname, "localhost"],
            addresses: [address, "127.0.0.1"],
          },
          opts,
        ),
      ),
    operator: identity(
      new Certificate(
        `${name}-operator-certificate`,
        { ...shared, commonName: "operator", dnsNames: [], addresses: [] },
        opts,
      ),
    ),
  };
}
