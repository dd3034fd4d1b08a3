/** What all pipelines do: look at the plan, tell it to the forge, and apply. */
import { appendFileSync } from "node:fs";
import * as os from "node:os";
import { isAlive } from "./alive.ts";
import { locksIn } from "./lock.ts";
import { planOf, refusals, violations, type Plan, type Preview } from "./plan.ts";
import { pulumi, withPolicy, type Ended } from "./pulumi.ts";
import { configuredSecrets, hiding, secretsOf } from "./secrets.ts";
import type { Settings } from "./settings.ts";

/** How a job ends: what its number says to whoever reads the forge. */
export const ends = {
  done: 0,
  failed: 1,
  drift: 2,
  refused: 3,
  locked: 5,
  cancelled: 130,
} as const;
export type End = (typeof ends)[keyof typeof ends];

const lookMinutes = 12;
const changeMinutes = 43;

export class Pipeline {
  readonly settings: Settings;
  #secrets: readonly string[];

  constructor(settings: Settings, environment: NodeJS.ProcessEnv) {
    this.settings = settings;
    this.#secrets = secretsOf(environment);
  }

  /**
   * Learns the secrets of the stack's settings: the CLI hides them as they are, and not in another
   * form. Where they cannot be read, whatever comes next says why.
   */
  async learnSecrets(): Promise<void> {
    const args = ["config", "--json", "--show-secrets", "--stack", this.settings.stack];
    const { code, output } = await pulumi(args, { what: "config", minutes: 2 });
    if (code === 0) this.#secrets = [...this.#secrets, ...configuredSecrets(output)];
  }

  hide(text: string): string {
    return hiding(this.#secrets)(text);
  }

  /** Into the job's log. */
  say(text: string): void {
    process.stdout.write(`${this.hide(text)}\n`);
  }

  /** Into the job's log and onto its page. */
  tell(text: string): void {
    this.say(text);
    if (this.settings.summary) appendFileSync(this.settings.summary, `${this.hide(text)}\n`);
  }

  /** For the jobs that come after. */
  hand(values: Readonly<Record<string, string | number | boolean>>): void {
    const lines = Object.entries(values).map(([key, value]) => `${key}=${value}\n`);
    if (this.settings.outputs) appendFileSync(this.settings.outputs, lines.join(""));
  }

  /** Looks, and takes no lock. @throws Error with what the program, the policy or a service says */
  async plan(refresh: boolean): Promise<Plan> {
    const args = ["preview", "--json", "--stack", this.settings.stack, ...withPolicy];
    const whole = refresh ? [...args, "--refresh"] : args;
    const call = { what: "preview", minutes: lookMinutes };
    const ended = await pulumi(whole, call);
    if (ended.code === 0 || !withPolicy.length) return this.#planIn(ended, []);
    const inWords = await pulumi(
      whole.filter((arg) => arg !== "--json"),
      call,
    );
    return this.#planIn(ended, violations(inWords.output));
  }

  #planIn({ code, output, noise }: Ended, broken: readonly string[]): Plan {
    const said = [output, noise].map((text) => text.trim()).join("\n");
    let parsed: Preview | undefined;
    try {
      parsed = JSON.parse(output.slice(output.indexOf("{"))) as Preview;
    } catch {
      parsed = undefined;
    }
    if (code !== 0) {
      const reasons = parsed ? refusals(parsed) : [];
      const words = [...reasons, ...broken, ...(parsed ? [noise.trim()] : [said])].filter(Boolean);
      throw new Error(words.join("\n") || `preview ended with ${code} and said nothing`);
    }
    if (!parsed) throw new Error(`preview said no plan: ${said.slice(-2000)}`);
    return planOf(parsed);
  }

  /**
   * Changes the world. When only the lock of a run that is known dead is in the way, removes that
   * and goes on. Never refreshes by itself: `up` heals what a killed run left.
   */
  async change(args: readonly string[], what: string): Promise<End> {
    const { stack } = this.settings;
    const whole = [...args, "--yes", "--skip-preview", "--stack", stack];
    const run = async () => {
      const hide = hiding(this.#secrets);
      return pulumi(whole, {
        what,
        minutes: changeMinutes,
        tell: (text) => process.stdout.write(`${hide(text)}\n`),
      });
    };
    const first = await run();
    if (first.code === 0) return ends.done;
    const locks = locksIn(first.output + first.noise, this.#here());
    if (locks.length === 0) return ends.failed;
    const alive = locks.filter(({ dead }) => !dead);
    if (alive.length) {
      this.tell(
        `${stack}: locked by somebody (${alive.map(({ who }) => who).join(" and ")}), who may ` +
          "be at work, so the lock stays. When you know that this process is dead: " +
          `pulumi cancel --yes --stack ${stack}`,
      );
      return ends.locked;
    }
    for (const { who } of locks)
      this.tell(`${stack}: removing the lock of a run that was killed (${who})`);
    const cancel = ["cancel", "--yes", "--stack", stack];
    const removed = await pulumi(cancel, { what: "cancel", minutes: 2 });
    if (removed.code !== 0) {
      this.tell(`${stack}: its lock could not be removed: ${removed.noise.trim()}`);
      return ends.locked;
    }
    return (await run()).code === 0 ? ends.done : ends.failed;
  }

  #here() {
    const { ephemeral, jobMinutes } = this.settings;
    return { host: os.hostname(), now: new Date(), alive: isAlive, ephemeral, jobMinutes };
  }
}
