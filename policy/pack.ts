import { PolicyPack } from "@pulumi/policy";
import { allRules } from "./allRules.ts";

/**
 * Every rule stops a preview and an update unless it says otherwise; --policy-pack-config changes
 * that, rule by rule.
 */
new PolicyPack("etcd", { enforcementLevel: "mandatory", policies: Object.values(allRules) });
