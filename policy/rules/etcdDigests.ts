import type { ResourceValidationPolicy } from "@pulumi/policy";
import { archiveDigests } from "../../components/settings/etcdReleases.ts";
import { clusterOf } from "../cluster.ts";

export const etcdDigests: ResourceValidationPolicy = {
  name: "etcd-digests",
  description:
    "The release archive is what its makers published: it is compared with a digest " +
    "written down here, not with one from the server that it comes from.",
  // The lab builds etcd itself, so that its digests cannot be known beforehand. Make this mandatory
  // where archives come from anywhere else.
  enforcementLevel: "advisory",
  validateResource(args, report) {
    const cluster = clusterOf(args);
    if (!cluster) return;
    const { etcdVersion = "", etcdChecksums, etcdSha256 = {} } = cluster;
    const digests = Object.entries(etcdSha256);
    if (etcdChecksums !== "pinned")
      return report(
        `etcdChecksums is ${etcdChecksums ?? "not set"}: whoever serves the archive ` +
          `also says what it should be; set it to "pinned".`,
      );
    if (digests.length === 0)
      report(
        `no digest is given for etcd ${etcdVersion}; set etcd:etcdSha256 from the ` +
          "release's SHA256SUMS.",
      );
    for (const [arch, digest] of digests) {
      const released = archiveDigests(etcdVersion)[arch];
      if (released && digest !== released)
        report(
          `the digest of etcd ${etcdVersion} for ${arch} is ${digest}, and the ` +
            `release's is ${released}; take etcd:etcdSha256 back.`,
        );
    }
  },
};
