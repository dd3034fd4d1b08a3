import { serve } from "../provider.ts";
import { pluginVersion } from "../version.ts";
import { getAmi } from "./ami.ts";
import { getCallerIdentity } from "./callerIdentity.ts";
import { configure, ec2 } from "./client.ts";
import { configFailures, settingsFrom } from "./config.ts";
import { eip } from "./eip.ts";
import { instance } from "./instance.ts";
import { getKeyPair, keyPair } from "./keyPair.ts";
import {
  getEbsVolumes,
  getEips,
  getInstances,
  getNetworkInterfaces,
  getSecurityGroupRules,
  getSecurityGroups,
} from "./lists.ts";
import { getSubnet, getSubnets, getVpc } from "./network.ts";
import { networkInterface } from "./networkInterface.ts";
import { securityGroup } from "./securityGroup.ts";
import { securityGroupEgressRule, securityGroupIngressRule } from "./securityGroupRule.ts";
import { tag } from "./tag.ts";
import { volume } from "./volume.ts";
import { volumeAttachment } from "./volumeAttachment.ts";

/**
 * The lab's stand-in for the official aws plugin: the resource types this project uses, over EC2's
 * own API.
 */
await serve({
  name: "aws",
  version: pluginVersion("@pulumi/aws"),
  resources: {
    "aws:ebs/volume:Volume": volume,
    "aws:ec2/eip:Eip": eip,
    "aws:ec2/instance:Instance": instance,
    "aws:ec2/keyPair:KeyPair": keyPair,
    "aws:ec2/networkInterface:NetworkInterface": networkInterface,
    "aws:ec2/securityGroup:SecurityGroup": securityGroup,
    "aws:ec2/tag:Tag": tag,
    "aws:ec2/volumeAttachment:VolumeAttachment": volumeAttachment,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": securityGroupEgressRule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": securityGroupIngressRule,
  },
  lookups: {
    "aws:ebs/getEbsVolumes:getEbsVolumes": getEbsVolumes,
    "aws:ec2/getAmi:getAmi": getAmi,
    "aws:ec2/getEips:getEips": getEips,
    "aws:ec2/getInstances:getInstances": getInstances,
    "aws:ec2/getKeyPair:getKeyPair": getKeyPair,
    "aws:ec2/getNetworkInterfaces:getNetworkInterfaces": getNetworkInterfaces,
    "aws:ec2/getSecurityGroups:getSecurityGroups": getSecurityGroups,
    "aws:ec2/getSubnet:getSubnet": getSubnet,
    "aws:ec2/getSubnets:getSubnets": getSubnets,
    "aws:ec2/getVpc:getVpc": getVpc,
    "aws:index/getCallerIdentity:getCallerIdentity": getCallerIdentity,
    "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": getSecurityGroupRules,
  },
  secretConfig: ["accessKey", "secretKey", "token"],
  checkConfig: configFailures,
  configure(config) {
    configure(settingsFrom(config));
    // loads the SDK while the engine is busy with the program; a failure shows at the first call
    ec2().catch(() => undefined);
  },
});
