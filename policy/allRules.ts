import { encryptedVolumes } from "./rules/encryptedVolumes.ts";
import { etcdDigests } from "./rules/etcdDigests.ts";
import { etcdVersion } from "./rules/etcdVersion.ts";
import { fixedImage } from "./rules/fixedImage.ts";
import { imdsV2 } from "./rules/imdsV2.ts";
import { marks } from "./rules/marks.ts";
import { memberPorts } from "./rules/memberPorts.ts";
import { noOpenPorts } from "./rules/noOpenPorts.ts";
import { peerPort } from "./rules/peerPort.ts";
import { recordTtl } from "./rules/recordTtl.ts";
import { srvKinds } from "./rules/srvKinds.ts";
import { srvPriority } from "./rules/srvPriority.ts";
import { unproxiedRecords } from "./rules/unproxiedRecords.ts";

/** The rules of the pack, by the name of their file. */
export const allRules = {
  imdsV2,
  encryptedVolumes,
  noOpenPorts,
  peerPort,
  memberPorts,
  unproxiedRecords,
  recordTtl,
  srvKinds,
  srvPriority,
  etcdVersion,
  etcdDigests,
  fixedImage,
  marks,
};
