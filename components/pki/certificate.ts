/**
 * Certificate: a leaf certificate of the cluster's CA, renewed while time is left.
 *
 *   create  issues it, with a new key
 *   diff    other names, another CA, inside its renewal window, or not valid yet: then `preview`
 *           shows a change
 *   update  issues it again for the same key; etcd reads leaf files at each handshake, so nothing
 *           is restarted
 *   read    whether it is due, so that a `refresh` shows one that is
 *   delete  nothing
 *
 * None is issued while this machine's clock is wrong. A new key: `pulumi up --replace <urn>`.
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import {
  endOf,
  type Issued,
  issueCertificate,
  type Profile,
  renewalDue,
  type Validity,
  validityOf,
} from "./certificates.ts";
import { compareClock } from "./clock.ts";

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
interface Outputs extends Issued, Validity, Omit<Inputs, "authority"> {
  readonly authorityCertificate: string;
  /** Whether it was to be renewed when a `refresh` looked. Not in states of older releases. */
  readonly due?: boolean;
}

/** What a certificate is issued for. */
function subjectOf(values: Inputs | Outputs): readonly unknown[] {
  return [
    "authority" in values ? values.authority.certificate : values.authorityCertificate,
    values.commonName,
    values.dnsNames,
    values.addresses,
  ];
}

/** The certificate of before, while it serves: then only the code in the state was old. */
async function stillGood(inputs: Inputs, olds: Outputs | undefined): Promise<Issued | undefined> {
  if (!olds || JSON.stringify(subjectOf(olds)) !== JSON.stringify(subjectOf(inputs)))
    return undefined;
  const { certificate, privateKey, authorityNotAfter } = olds;
  const validity = { ...(await validityOf(certificate)), authorityNotAfter };
  return renewalDue(Date.now(), validity, inputs.days, inputs.renewBeforeDays)
    ? undefined
    : { certificate, privateKey };
}

const certificates = resource<Inputs, Outputs>({
  type: "Certificate",
  version: 2,
  computed: ["certificate", "privateKey", "notAfter"],
  secrets: ["privateKey"],
  meaning: subjectOf,
  due: (olds, news) => renewalDue(Date.now(), olds, news.days, news.renewBeforeDays),
  async make(inputs, { olds, setting }) {
    const { authority, ...rest } = inputs;
    let issued = await stillGood(inputs, olds);
    if (!issued) {
      await compareClock(setting);
      issued = await issueCertificate(authority, inputs, olds?.privateKey);
    }
    return {
      ...rest,
      ...issued,
      ...(await validityOf(issued.certificate)),
      authorityCertificate: authority.certificate,
      authorityNotAfter: await endOf(authority.certificate),
      due: false,
    };
  },
  async read(olds) {
    return { ...olds, due: renewalDue(Date.now(), olds, olds.days, olds.renewBeforeDays) };
  },
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
