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
  /** Raised when the meaning of the inputs changes. */
  readonly version: number;
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

const provider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> = {
  async diff(_id, olds, news) {
    const meaning = (i: Profile & { version: number }, ca: string) =>
      JSON.stringify([i.version, ca, i.commonName, i.dnsNames, i.addresses]);
    const other =
      meaning(olds, olds.authorityCertificate) !== meaning(news, news.authority.certificate);
    return {
      changes:
        other ||
        renewalDue(
          Date.now(),
          olds.notAfter,
          olds.authorityNotAfter,
          news.days,
          news.renewBeforeDays,
        ),
    };
  },
  async create(inputs) {
    return { id: `certificate-of-${inputs.commonName}`, outs: await issue(inputs) };
  },
  async update(_id, olds, news) {
    return { outs: await issue(news, olds.privateKey) };
  },
};

/** Resolves with certificate and key, PEM. */
export class Certificate extends pulumi.dynamic.Resource {
  declare readonly certificate: pulumi.Output<string>;
  /** Secret. */
  declare readonly privateKey: pulumi.Output<string>;
  /** When it ends, in ISO form. */
  declare readonly notAfter: pulumi.Output<string>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      {
        ...args,
        authority: {
          certificate: args.authority.certificate,
          privateKey: pulumi.secret(args.authority.privateKey),
        },
        version: 1,
        certificate: undefined,
        privateKey: undefined,
        notAfter: undefined,
      },
      { ...opts, additionalSecretOutputs: ["privateKey"] },
      "etcd",
      "Certificate",
    );
  }
}
