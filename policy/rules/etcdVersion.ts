import type { ResourceValidationPolicy } from "@pulumi/policy";
import { versionProblem } from "../../components/settings/etcdReleases.ts";
import { clusterOf } from "../cluster.ts";

export const etcdVersion: ResourceValidationPolicy = {
  name: "etcd-version",
  description:
    "The release is named exactly and has the security fixes of 2026 " +
    '(GHSA-q8m4-xhhv-38mg, GHSA-6vch-q96h-7gc3): no range, no "latest", no line that is ' +
    "out of support.",
  validateResource(args, report) {
    const cluster = clusterOf(args);
    if (!cluster) return;
    const problem = versionProblem(cluster.etcdVersion ?? "");
    if (problem) report(`etcdVersion is ${cluster.etcdVersion ?? "not set"}: ${problem}.`);
  },
};
