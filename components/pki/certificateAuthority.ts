/**
 * CertificateAuthority: the cluster's own CA, for nothing else.
 *
 *   create  makes it, for ten years; not while this machine's clock is wrong
 *   diff    never: another CA would need every member restarted (etcd reads it at its start only,
 *           etcd issue 11555)
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import { type Issued, makeAuthority } from "./certificates.ts";
import { compareClock } from "./clock.ts";

interface Inputs {
  readonly commonName: string;
}

const authorities = resource<Inputs, Inputs & Issued>({
  type: "CertificateAuthority",
  computed: ["certificate", "privateKey"],
  secrets: ["privateKey"],
  async make(inputs, { setting }) {
    await compareClock(setting);
    return { ...inputs, ...(await makeAuthority(inputs.commonName, 3650)) };
  },
  id: () => "certificate-authority",
});

/** Resolves with certificate and key, PEM. */
export class CertificateAuthority extends pulumi.dynamic.Resource {
  declare readonly certificate: pulumi.Output<string>;
  /** Secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly commonName: string },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(...authorities(name, { ...args }, opts));
  }
}
