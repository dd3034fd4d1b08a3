import type { Instance, InstanceArgs } from "@pulumi/aws/ec2/instance.js";
import type { InputsOf, OutputsOf } from "../handler.ts";
import type { Properties } from "../properties.ts";
import { tagProperties } from "./tags.ts";

export type Inputs = InputsOf<InstanceArgs>;
export type State = OutputsOf<Instance>;

const volumeTypes = ["standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"];
const alone = [
  "subnetId",
  "privateIp",
  "vpcSecurityGroupIds",
  "associatePublicIpAddress",
  "sourceDestCheck",
];

/**
 * What the lab serves of an instance. Launch templates, Spot, further disks and interfaces are not
 * among it.
 */
export const instanceProperties: Properties = {
  ami: { computed: true, replaces: true },
  arn: { output: true },
  associatePublicIpAddress: { computed: true, replaces: true },
  availabilityZone: { computed: true, replaces: true },
  disableApiStop: { computed: true },
  disableApiTermination: { computed: true },
  ebsBlockDevices: { output: true },
  ebsOptimized: { computed: true, replaces: true },
  forceDestroy: { local: true, default: false },
  getPasswordData: { local: true, default: false },
  iamInstanceProfile: { computed: true },
  instanceInitiatedShutdownBehavior: { computed: true },
  instanceLifecycle: { output: true },
  instanceState: { output: true },
  instanceType: { computed: true },
  ipv6Addresses: { output: true },
  keyName: { computed: true, replaces: true },
  maintenanceOptions: {
    computed: true,
    fields: { autoRecovery: { computed: true, oneOf: ["default", "disabled"] } },
  },
  metadataOptions: {
    computed: true,
    fields: {
      httpEndpoint: { computed: true, oneOf: ["disabled", "enabled"] },
      httpProtocolIpv6: { computed: true, oneOf: ["disabled", "enabled"] },
      httpPutResponseHopLimit: { computed: true, between: [1, 64] },
      httpTokens: { computed: true, oneOf: ["optional", "required"] },
      instanceMetadataTags: { computed: true, oneOf: ["disabled", "enabled"] },
    },
  },
  monitoring: { computed: true },
  placementGroup: { computed: true, replaces: true },
  primaryNetworkInterface: {
    computed: true,
    conflicts: alone,
    fields: {
      deleteOnTermination: { output: true },
      networkInterfaceId: { required: true, replaces: true },
    },
  },
  primaryNetworkInterfaceId: { output: true },
  privateDns: { output: true },
  privateIp: { computed: true, replaces: true },
  publicDns: { output: true },
  publicIp: { output: true },
  rootBlockDevice: {
    computed: true,
    fields: {
      deleteOnTermination: { default: true },
      deviceName: { output: true },
      encrypted: { computed: true, replaces: true },
      iops: { computed: true },
      kmsKeyId: { computed: true, replaces: true },
      tags: {},
      tagsAll: { output: true },
      throughput: { computed: true },
      volumeId: { output: true },
      volumeSize: { computed: true },
      volumeType: { computed: true, oneOf: volumeTypes },
    },
  },
  securityGroups: { output: true },
  // with an interface of its own it is the interface's business
  sourceDestCheck: { computed: true },
  subnetId: { computed: true, replaces: true },
  tenancy: { computed: true, replaces: true, oneOf: ["default", "dedicated", "host"] },
  userData: {},
  userDataBase64: { computed: true },
  userDataReplaceOnChange: { local: true, default: false },
  vpcSecurityGroupIds: { computed: true, set: true },
  ...tagProperties,
};
