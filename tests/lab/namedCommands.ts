/** The `aws ec2` commands that a destroy prints for what it leaves alone, and what they do. */
import { type EC2, waitUntilInstanceTerminated } from "@aws-sdk/client-ec2";
import { asking } from "./inventory.ts";

/** One such command: what is done, and to which thing. */
interface NamedCommand {
  readonly action: string;
  readonly id: string;
}

const actions: Readonly<Record<string, (ec2: EC2, id: string) => Promise<unknown>>> = {
  async "terminate-instances --instance-ids"(ec2, id) {
    await ec2.terminateInstances({ InstanceIds: [id] });
    const limits = { client: ec2, maxWaitTime: 30, minDelay: 1, maxDelay: 1 };
    await waitUntilInstanceTerminated(limits, { InstanceIds: [id] });
  },
  "delete-volume --volume-id": (ec2, VolumeId) => ec2.deleteVolume({ VolumeId }),
};

/** The commands in an output, each once. */
function namedCommands(text: string): NamedCommand[] {
  const found = text.matchAll(/^\s*aws ec2 (\S+ --\S+) (\S+) --region us-east-1\s*$/gm);
  const byId = new Map([...found].map(([, action = "", id = ""]) => [id, { action, id }]));
  return [...byId.values()];
}

/** Does what the output says, as a person would type it. Returns the ids. */
export async function typeCommands(text: string): Promise<string[]> {
  const commands = namedCommands(text);
  for (const { action, id } of commands) {
    const perform = actions[action];
    if (!perform) throw new Error(`this test knows no command aws ec2 ${action} (for ${id})`);
    await asking((ec2) => perform(ec2, id));
  }
  return commands.map(({ id }) => id);
}
