// What is said of every type that the AWS provider knows. Does not prove that AWS has it anywhere.
import assert from "node:assert/strict";
import test from "node:test";
import { InstanceType } from "@pulumi/aws/types/enums/ec2/index.js";
import {
  instanceTypeProblem,
  instanceTypeWarning,
} from "../../components/settings/instanceTypes.ts";

test("no type that exists is of an unknown form, but for Macs, and none is warned of", () => {
  for (const type of Object.values(InstanceType)) {
    assert.equal(instanceTypeWarning(type, "amd64"), "");
    const problems = [instanceTypeProblem(type, "amd64"), instanceTypeProblem(type, "arm64")];
    const formless = problems.some((problem) => /such size|instance type such/.test(problem));
    assert.equal(formless, type.startsWith("mac-"), `${type}: ${problems.join("; ")}`);
    if (!formless) assert.ok(problems.some(Boolean), `${type} would be of both architectures`);
  }
});
