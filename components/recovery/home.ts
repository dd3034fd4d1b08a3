/**
 * Where a stack's things are, compared with where EC2 is asked. With another account's credentials,
 * or in another region, EC2 shows nothing of a stack: no proof that nothing of it lives. It travels
 * in states with the deletions that use it.
 */
import type { Setting } from "../engine/resource.ts";
import { ec2Client } from "./ec2Client.ts";

/** What is not known is not compared. */
export interface Home {
  /** The AWS account, twelve digits. */
  readonly account?: string | undefined;
  /** Such as us-east-1. */
  readonly region?: string | undefined;
}

/**
 * Whether EC2 is asked at home. False when the account cannot be told: EC2 tells it with things
 * only, so this looks at the default security groups, which every VPC of an account has.
 * @throws Error when it is asked elsewhere, naming both places
 */
export async function askedAtHome(home: Home, setting: Setting): Promise<boolean> {
  const ec2 = await ec2Client(setting);
  try {
    const region = await ec2.config.region();
    if (home.region && home.region !== region) throw elsewhere("the region", home.region, region);
    if (!home.account) return true;
    const Filters = [{ Name: "group-name", Values: ["default"] }];
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters });
    const owners = [...new Set(SecurityGroups.flatMap(({ OwnerId }) => OwnerId ?? []))];
    if (owners.includes(home.account)) return true;
    if (owners.length) throw elsewhere("the account", home.account, owners.join(" and "));
    return false;
  } finally {
    ec2.destroy();
  }
}

function elsewhere(what: string, its: string, asked: string): Error {
  return new Error(
    `this stack's things are in ${what} ${its}, and EC2 is asked in ${asked}, which shows none ` +
      "of them: nothing was removed; set the right credentials and region, and run the same again",
  );
}
