/**
 * Two things whose contents stand in a file each, and a secret, which is told to everybody in forms
 * that the CLI does not know.
 */
import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Thing } from "./thing.ts";

const a = new Thing("a", { content: fs.readFileSync("a.txt", "utf8") });
new Thing("b", { content: "steady" }, { dependsOn: a });
const config = new pulumi.Config();
const told = Buffer.from(
  `${process.env.PULUMI_CONFIG_PASSPHRASE ?? ""} ${config.require("token")}`,
);
void pulumi.log.warn(`in base64 ${told.toString("base64")}, in hex ${told.toString("hex")}`);
export const token = config.requireSecret("token");
