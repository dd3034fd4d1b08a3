/**
 * Cases of alarms that etcd has raised: a person decides. Under them etcd takes no lease, or
 * nothing at all, so no member could be changed anyway. Pure.
 */
import type { Case } from "../plan.ts";
import { isLost, type View } from "../view.ts";
import { refuse, toBack } from "./steps.ts";

/** For whom an alarm is raised, once each: any member that answers tells of all. */
function raised({ list, situation: { answers } }: View, alarm: string) {
  const told = answers.flatMap(({ alarms }) => alarms).filter((one) => one.alarm === alarm);
  return [...new Set(told.map(({ memberId }) => memberId))].map((id) => ({
    id,
    name: list.find((member) => member.id === id)?.called ?? "a member that left",
  }));
}

const namesOf = (members: ReturnType<typeof raised>) =>
  members.map(({ id, name }) => `${name} (${id})`).join(", ");

/** It stays until somebody has looked, whatever is to be done: its data may be the good ones. */
export const corruptAlarm: Case = {
  seen: "the alarm CORRUPT",
  step: (view) => {
    const corrupt = raised(view, "CORRUPT");
    const [first] = corrupt;
    if (!first) return undefined;
    return refuse(
      `etcd has raised the alarm CORRUPT for ${namesOf(corrupt)}: members' data differ. It ` +
        `serves nothing until somebody has decided, and nothing was changed:\n${view.inWords}`,
      "Keep all disks. The data that most members agree on: npm run etcdctl -- endpoint hashkv\n" +
        `  If ${first.name} is the one that differs: npm run etcdctl -- member remove ` +
        `${first.id}, npm run etcdctl -- alarm disarm, pulumi config set etcd:rejoin ` +
        `${first.name}, then pulumi up: it copies the others' data, and its own are set aside on ` +
        "its disk",
    );
  },
};

export const noSpaceAlarm: Case = {
  seen: "the alarm NOSPACE, and members to change",
  step: (view) => {
    const full = raised(view, "NOSPACE");
    const { missing, learners, list, voters, down } = view;
    const changing =
      missing.length + learners.length > 0 ||
      list.some(({ declared }) => !declared) ||
      voters.some(isLost);
    if (!changing || full.length === 0) return undefined;
    return (
      toBack(down.filter((one) => one.declared && !isLost(one))) ??
      refuse(
        `etcd has raised the alarm NOSPACE for ${namesOf(full)}: the quota of its database is ` +
          "used up, and it takes no writes. No member is added or removed until there is room",
        "Make room, then disarm it, each with npm run etcdctl -- before it: alarm list, " +
          "compact <revision>, defrag, alarm disarm (docs/troubleshooting.md has the lines). " +
          "Then: pulumi up",
      )
    );
  },
};
