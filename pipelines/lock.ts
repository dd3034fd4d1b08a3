/** Whether whoever holds the lock of a stack is known to be dead. Pure. */

export interface Here {
  readonly host: string;
  readonly now: Date;
  /** Whether a process of this machine runs. */
  readonly alive: (pid: number) => boolean;
  /** Hosts that live for one job only; undefined when there are none. */
  readonly ephemeral: RegExp | undefined;
  /** How long a job may run, in minutes. */
  readonly jobMinutes: number;
}

export interface Lock {
  readonly dead: boolean;
  /** As the CLI says it. */
  readonly who: string;
}

/**
 * The locks that the CLI names ("created by root@vm (pid 2970) at 2026-11-28T18:27:11Z"); none when
 * it failed for another reason. Dead is one whose process is gone on this machine, or that is of a
 * machine for one job and older than a job may be. Any other may be somebody at work.
 */
export function locksIn(said: string, here: Here): Lock[] {
  const found = said.matchAll(/created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/g);
  return [...found].map(([who, , host = "", pid, at = ""]) => {
    if (host === here.host) return { dead: !here.alive(Number(pid)), who };
    const minutes = (here.now.getTime() - Date.parse(at)) / 60_000;
    const isOld = Number.isFinite(minutes) && minutes > here.jobMinutes;
    return { dead: (here.ephemeral?.test(host) ?? false) && isOld, who };
  });
}
