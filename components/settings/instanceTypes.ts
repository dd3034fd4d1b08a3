/**
 * What the name of an EC2 instance type says about the machine. Pure; types that come later are
 * judged by the same scheme of names.
 */

/**
 * Families on Xen: their volumes do not appear under /dev/disk/by-id, where a node looks for its
 * own (EC2 guide, "Nitro-based instances").
 */
const xen = /^(t[12]|m[1-4]|c[134]|cc2|cr1|r[34]|x1e?|d2|h1|hs1|i[23]|f1|g2|g3s?|p[23])$/;

/**
 * Why nodes cannot be of this type, or ""; an architecture that is itself refused is not compared.
 */
export function instanceTypeProblem(type: string, architecture: "amd64" | "arm64"): string {
  const family = /^([a-z]+\d+[a-z]*)(-[a-z0-9]+)?\.[a-z0-9-]+$/.exec(type)?.[1];
  if (!family) return "an instance type such as t3.medium is needed";
  if (xen.test(family))
    return (
      "a Nitro type such as t3.medium is needed; volumes of the older ones cannot be told " +
      "apart by their id"
    );
  // a g behind the generation is for Graviton
  const its = family === "a1" || /\d[a-z]*g/.test(family) ? "arm64" : "amd64";
  return its === architecture || !["amd64", "arm64"].includes(architecture)
    ? ""
    : `this type is ${its}; etcd:architecture is ${architecture}`;
}
