/**
 * CertificateAuthority: the cluster's own CA, for nothing else.
 *
 *   create  makes it, for ten years
 *   diff    never: another CA would need every member restarted (etcd reads it at its start only,
 *           etcd issue 11555)
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { type Issued, makeAuthority } from "./certificates.ts";

interface Inputs {
  readonly commonName: string;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs & Issued> = {
  async diff() {
    return { changes: false };
  },
  async create(inputs) {
    return {
      id: "certificate-authority",
      outs: { ...inputs, ...(await makeAuthority(inputs.commonName, 3650)) },
    };
  },
};

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
    super(
      provider,
      name,
      { ...args, certificate: undefined, privateKey: undefined },
      { ...opts, additionalSecretOutputs: ["privateKey"] },
      "etcd",
      "CertificateAuthority",
    );
  }
}
