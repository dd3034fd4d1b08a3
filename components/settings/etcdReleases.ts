/** Which etcd releases may be used, and the digests of their archives. Pure. */

/**
 * Least safe patch of each line: authentication bypass and TLS exhaustion fixes of 2026
 * (GHSA-q8m4-xhhv-38mg, GHSA-6vch-q96h-7gc3). Raised only together with a way up: the charter
 * refuses another version, and a cluster below the floor could not even renew its certificates.
 */
const floors: Readonly<Record<string, number>> = { "3.5": 33, "3.6": 14, "3.7": 1 };

/** Why a version is refused, or "". */
export function versionProblem(version: string): string {
  const parts = /^(\d+)\.(\d+)\.(0|[1-9]\d{0,3})$/.exec(version);
  if (!parts) return "a release such as 3.6.14 is needed";
  const floor = floors[`${parts[1]}.${parts[2]}`];
  if (floor === undefined) return `the lines known here are ${Object.keys(floors).join(", ")}`;
  return Number(parts[3]) < floor
    ? `${parts[1]}.${parts[2]}.${floor} or newer is needed, for its security fixes`
    : "";
}

/**
 * sha256 of `etcd-v<version>-linux-<arch>.tar.gz` by architecture, from the project's own
 * SHA256SUMS; empty for a version not listed.
 */
export function archiveDigests(version: string): Readonly<Record<string, string>> {
  return digests[version] ?? {};
}

const digests: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // This one from two independent tables: sous-chefs/etcd, and a builder of Kubernetes images.
  "3.7.1": {
    amd64: "e8cd3fa8064c98137c5dbd78b76f969417ace84efb83c481041d7a52ffdd8fb9",
    arm64: "d7e25e08f694b6ed7792fc7b7a891fe2c3f3d3dccfe2f3bfdb1547b0eb75b6da",
  },
  "3.6.14": {
    amd64: "ffe840ff9295808e88cce2794a18a5ac87f12a5203c8314d0bf6aa119b41bac5",
    arm64: "fa1b80565ee6fc2df1ae6f57a508b221f3ecc7d591c317c581cd8281b0842b3e",
  },
  "3.5.33": {
    amd64: "5025b5b24d81a9616b6e284ccd439b9a3df055ef8fdcdc142af3ec8f6a3b3c95",
    arm64: "0764c5c0acef155f4bfa0487791cc5776adef66315bf16ec0653883bfd463a90",
  },
};
