/** The reconciler against real etcd on loopback; machines answer only where a test says so. */
import { plan } from "../../components/membership/plan.ts";
import { reconcile } from "../../components/membership/reconcile.ts";
import type { Reconciled } from "../../components/membership/reconciling.ts";
import type { WantedMember } from "../../components/membership/situation.ts";
import type { DeclaredMember } from "../../components/health/memberHealth.ts";
import { directDialler } from "../../components/ssh/dialler.ts";

export const founding = "f0f0f0f0";

/** As a program declares them. */
export function wanted(members: readonly DeclaredMember[]): WantedMember[] {
  return members.map((member) => ({
    ...member,
    address: new URL(member.endpoint).hostname,
    ...{ machine: `i-${member.name}`, volume: `vol-${member.name}`, hostKey: "none" },
  }));
}

interface Given {
  readonly former?: readonly WantedMember[];
  readonly planned?: typeof plan;
  readonly timeoutSeconds?: number;
  readonly leaseSeconds?: number;
  /** What a machine's etcd-look prints. @default it lets nobody in */
  readonly looks?: (name: string) => object;
}

export interface Once {
  readonly end: Reconciled;
  /** How often each member's etcd was connected to. */
  readonly dialled: Readonly<Record<string, number>>;
}

/** @throws Unreconciled as `reconcile` does */
export async function reconcileOnce(
  declared: readonly WantedMember[],
  { former = [], planned = plan, timeoutSeconds = 20, leaseSeconds, looks }: Given = {},
): Promise<Once> {
  const dialled: Record<string, number> = {};
  const end = await reconcile(
    {
      ...{
        declared,
        former,
        done: undefined,
        rejoin: "",
        rejoinUsed: false,
        clusterToken: "test",
        stack: "test",
      },
      timeoutSeconds,
      ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
      recognition: { founding },
      refusal: ({ differences }) => differences.join("; "),
      reaching: {
        asking: { deadlineMs: 1000 },
        accessTo: ({ name, address }) => ({
          dial(port) {
            dialled[name] = (dialled[name] ?? 0) + 1;
            return directDialler(address).dial(port);
          },
          run: async () =>
            looks
              ? { problem: "", output: JSON.stringify(looks(name)) }
              : { problem: "no SSH here", output: "" },
        }),
      },
      say: () => undefined,
    },
    planned,
  );
  return { dialled, end };
}
