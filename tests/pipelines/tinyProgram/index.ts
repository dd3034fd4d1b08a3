/** Two things whose contents stand in a file each, and a secret. */
import * as fs from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { Thing } from "./thing.ts";

const a = new Thing("a", { content: fs.readFileSync("a.txt", "utf8") });
new Thing("b", { content: "steady" }, { dependsOn: a });
export const token = new pulumi.Config().requireSecret("token");
