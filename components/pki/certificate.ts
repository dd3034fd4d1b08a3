/**
 * Certificate: a leaf certificate of the cluster's CA, renewed while time is left.
 *
 *   create  issues it, with a new key
 *   diff    other names, another CA, or inside its renewal window: then `preview` shows a change
 *   update  issues it again for the same key; etcd reads leaf files at each handshake, so nothing
 *           is restarted
 *   delete  nothing
 *
 * A new key: `pulumi up --replace <urn>`.
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import { endOf, type Issued, issueCertificate, type Profile, renewalDue } from "./certificates.ts";

export interface CertificateArgs {
  /** The CA, PEM. */
  readonly authority: {
    readonly certificate: pulumi.Input<string>;
    readonly privateKey: pulumi.Input<string>;
  };
  readonly commonName: string;
  readonly dnsNames: readonly string[];
  readonly addresses: readonly pulumi.Input<string>[];
  readonly days: number;
  /** How many days before its end it is renewed. */
  readonly renewBeforeDays: number;
}

interface Inputs extends Profile {
  readonly authority: Issued;
  readonly renewBeforeDays: number;
}

/** The CA's key is not among them: who may read a leaf need not read that. */
interface Outputs extends Issued, Omit<Inputs, "authority"> {
  readonly authorityCertificate: string;
  /** When the certificate ends, and its CA, in ISO form. */
  readonly notAfter: string;
  readonly authorityNotAfter: string;
}

async function issue(inputs: Inputs, privateKey?: string): Promise<Outputs> {
  const { authority, ...rest } = inputs;
  const issued = await issueCertificate(authority, inputs, privateKey);
  return {
    ...rest,
    ...issued,
    authorityCertificate: authority.certificate,
    notAfter: await endOf(issued.certificate),
    authorityNotAfter: await endOf(authority.certificate),
  };
}

const certificates = resource<Inputs, Outputs>({
  type: "Certificate",
  version: 1,
  computed: ["certificate", "privateKey", "notAfter"],
  secrets: ["privateKey"],
  meaning: (i) => [
    "authority" in i ? i.authority.certificate : i.authorityCertificate,
    i.commonName,
    i.dnsNames,
    i.addresses,
  ],
  due: (olds, news) =>
    renewalDue(Date.now(), olds.notAfter, olds.authorityNotAfter, news.days, news.renewBeforeDays),
  make: (inputs, { olds }) => issue(inputs, olds?.privateKey),
  id: ({ commonName }) => `certificate-of-${commonName}`,
});

/** Resolves with certificate and key, PEM. */
export class Certificate extends pulumi.dynamic.Resource {
  declare readonly certificate: pulumi.Output<string>;
  /** Secret. */
  declare readonly privateKey: pulumi.Output<string>;
  /** When it ends, in ISO form. */
  declare readonly notAfter: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.CustomResourceOptions) {
    const { certificate, privateKey } = args.authority;
    super(
      ...certificates(
        name,
        { ...args, authority: { certificate, privateKey: pulumi.secret(privateKey) } },
        opts,
      ),
    );
  }
}
