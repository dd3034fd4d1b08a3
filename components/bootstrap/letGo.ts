/**
 * Whether a machine that EC2 does not call gone may leave outside a destroy. Runs inside a dynamic
 * provider.
 */
import { type Asking, byAddress, credentialsOf } from "../health/asking.ts";
import { takeLeave } from "../health/leaving.ts";
import { leaveRefusal } from "../health/leaveWording.ts";
import type { DeclaredMember } from "../health/memberHealth.ts";
import { type Guard, isRelieved } from "../health/relief.ts";
import { sshPort } from "../names.ts";
import { answers, type Fate } from "../recovery/machineFate.ts";
import { directDialler } from "../ssh/dialler.ts";

/** A machine that is to leave. */
export interface Leaver extends Guard {
  /** The stack's mark. */
  readonly stack: string;
  readonly host: string;
  /** 22 unless given. */
  readonly port?: number;
  /** All members, this one among them, and with what they are asked. */
  readonly members: readonly DeclaredMember[];
  readonly operator?: Parameters<typeof credentialsOf>[0];
}

/**
 * Why it may go, as the end of a sentence. `unasked`: what could not be asked, for the refusal.
 *
 * @throws Error when it may not, with what to type
 */
export async function reasonToLetGo(
  leaver: Leaver,
  fate: Fate,
  unasked: readonly string[],
): Promise<string> {
  const { member, machine, stack, members } = leaver;
  const asking: Asking = { deadlineMs: 2000, credentials: credentialsOf(leaver.operator) };
  if (await isRelieved(leaver, members, asking)) return "its machine stays, with another guard";
  if (fate.is === "unknown" && (await isSilent(leaver)))
    return `its machine answers to nobody, while another member does (${fate.words})`;
  const denied = await takeLeave({ member, machine, stack }, members, asking);
  if (!denied) return "its machine may leave, all other members are healthy without it";
  const error = new Error(leaveRefusal({ member, machine, stack }, denied, unasked));
  error.stack = ""; // the SDK prints it where a deletion fails
  throw error;
}

/**
 * Whether it is as good as gone where EC2 cannot say: it answers neither to SSH nor as a member,
 * while another member does, so that the way there is open.
 */
async function isSilent({ member, host, port, members }: Leaver): Promise<boolean> {
  const asked = members.map(async (one) => ({
    own: one.name === member,
    answered: await answers(byAddress(one), Number(new URL(one.endpoint).port)),
  }));
  const own = { own: true, answered: await answers(directDialler(host), port ?? sshPort) };
  const heard = [own, ...(await Promise.all(asked))].filter(({ answered }) => answered);
  return heard.length > 0 && heard.every((one) => !one.own);
}
