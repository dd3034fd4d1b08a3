import * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../clusterContext.ts";
import type { CertificateSettings, Settings } from "../settings/settings.ts";
import { Certificate, type CertificateArgs } from "./certificate.ts";
import { CertificateAuthority } from "./certificateAuthority.ts";
import { authorityWarning, endOf } from "./certificates.ts";

/** A certificate and its key with the CA that signed it, all PEM; the key is a secret. */
export interface Identity {
  readonly ca: pulumi.Output<string>;
  readonly certificate: pulumi.Output<string>;
  readonly privateKey: pulumi.Output<string>;
}

/** The identities of one cluster. */
export interface ClusterPki {
  /** The CA's certificate, PEM. */
  readonly ca: pulumi.Output<string>;
  /** A member's identity: for its names and its address, as server and as client. */
  member(member: string, address: pulumi.Input<string>): Identity;
  /** The operator's: a client, and no peer, because it holds no name of the cluster. */
  readonly operator: Identity;
  /**
   * What works on machines comes after it: where that fails, the run ends, and only a certificate
   * that was there before is among the stack's outputs.
   */
  readonly operatorCertificate: pulumi.Resource;
}

/**
 * The certificates of a cluster: of the CA that was brought, or of one of its own. Each member's
 * holds the domain (peers are limited to certificates with that name), its full name, its private
 * address (checked without DNS), and the loopback for tools on the node.
 */
export function clusterPki(
  { name, names, options, foundedOnce }: ClusterContext,
  {
    certificateDays,
    renewBeforeDays,
    authority: brought,
  }: CertificateSettings & Pick<Settings, "authority">,
): ClusterPki {
  const authority =
    brought ??
    new CertificateAuthority(
      `${name}-ca`,
      { commonName: `etcd CA of ${names.domain}` },
      options.with({ hooks: { beforeCreate: [foundedOnce.noMembers] } }),
    );
  const ca = pulumi.output(authority.certificate);
  warnOfItsEnd(ca, certificateDays);
  const issue = (who: string, profile: Pick<CertificateArgs, ProfileKey>): Certificate =>
    new Certificate(
      `${name}-${who}-certificate`,
      { authority, days: certificateDays, renewBeforeDays, ...profile },
      options.with(),
    );
  const identityOf = ({ certificate, privateKey }: Certificate): Identity => ({
    ca,
    certificate,
    privateKey,
  });
  const operator = issue("operator", { commonName: "operator", dnsNames: [], addresses: [] });
  return {
    ca,
    member(member, address) {
      const commonName = names.hostname(member);
      const dnsNames = [names.domain, commonName, "localhost"];
      const addresses = [address, "127.0.0.1"];
      return identityOf(issue(member, { commonName, dnsNames, addresses }));
    },
    operator: identityOf(operator),
    operatorCertificate: operator,
  };
}

type ProfileKey = "commonName" | "dnsNames" | "addresses";

/** In every run: no renewal shows it, because no certificate ends later than its CA. */
function warnOfItsEnd(ca: pulumi.Output<string>, certificateDays: number): void {
  ca.apply(async (certificate) => {
    const end = await endOf(certificate);
    const warning = authorityWarning(Date.now(), end, certificateDays);
    if (warning) await pulumi.log.warn(warning);
  });
}
