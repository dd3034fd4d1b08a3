/** Settings that stand under a name that nothing reads. Pure. */
import { typingMistakes } from "./closeness.ts";
import type { Problem } from "./problems.ts";

const repository = "etcd-on-ec2";
/** The project's name, unless somebody gave it another. */
const original = "etcd";

/**
 * Refuses settings under what looks like the project's name and is not: in other letters, mistyped,
 * or the repository's. Every other namespace is a provider's, or of a program of the user's own.
 *
 * @param config everything that the stack holds, `<namespace>:<key>`
 */
export function namespaceProblems(
  config: Readonly<Record<string, string>>,
  project: string,
  isSetting: (key: string) => boolean,
): Problem[] {
  return Object.entries(config).flatMap(([name, value]) => {
    const [namespace = "", ...rest] = name.split(":");
    const key = rest.join(":");
    return namespace !== project && meansOurs(namespace, project, isSetting(key))
      ? [
          {
            field: name,
            rule:
              `nothing reads this, the project's name is ${project}; move it with: pulumi ` +
              `config set ${project}:${key} …, and pulumi config rm ${name}`,
            value,
          },
        ]
      : [];
  });
}

/**
 * Whether a namespace is the project's in another form. Mistakes of typing count for settings of
 * ours alone; two of them in a shorter name may make another's (ec2, ecs).
 */
function meansOurs(namespace: string, project: string, ofOurs: boolean): boolean {
  const [given, ours] = [namespace.toLowerCase(), project.toLowerCase()];
  if (given === ours || given.replaceAll("_", "-") === repository) return true;
  const mistakes = typingMistakes(given, ours);
  return (
    ofOurs &&
    (given === original ||
      typingMistakes(given, repository) <= 2 ||
      mistakes === 1 ||
      (mistakes === 2 && given.length >= ours.length))
  );
}
