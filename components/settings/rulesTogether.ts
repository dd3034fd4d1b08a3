/**
 * Rules over several settings together. Each sees settings of the right type, though one of them
 * may be wrong by itself; those it shares no word about are another rule's. Pure.
 */
import { kmsKeyProblem, regionOf, urlProblem, withoutPassword } from "./addressRules.ts";
import { authorityProblems } from "./authority.ts";
import { archiveDigests, versionProblem } from "./etcdReleases.ts";
import { instanceTypeProblem } from "./instanceTypes.ts";
import { duplicates, type Problem } from "./problems.ts";
import type { Values } from "./schema.ts";
import { sourceProblems } from "./sources.ts";

/**
 * What is wrong between settings.
 *
 * @param hasType whether a setting has the type that `values` promises
 */
export function problemsTogether(
  values: Values,
  hasType: (setting: keyof Values) => boolean,
): Problem[] {
  return rules.flatMap(({ of, problems }) => (of.every(hasType) ? problems(values) : []));
}

const rules: readonly {
  readonly of: readonly (keyof Values)[];
  readonly problems: (values: Values) => readonly Problem[];
}[] = [
  { of: ["renewBeforeDays", "certificateDays"], problems: renewalProblems },
  { of: ["nodes"], problems: nodesProblems },
  { of: ["nodes", "rejoin"], problems: rejoinProblems },
  { of: ["nodes", "architecture", "instanceType"], problems: instanceTypeProblems },
  { of: ["subnets"], problems: subnetsProblems },
  { of: ["nodes", "subnets"], problems: missingSubnets },
  { of: ["sshFrom", "clientsFrom", "openToTheWorld"], problems: sourceProblems },
  { of: ["nodes", "kmsKeyId"], problems: keyRegionProblems },
  { of: ["etcdVersion", "architecture", "etcdChecksums", "etcdSha256"], problems: digestProblems },
  { of: ["chef"], problems: chefProblems },
  { of: ["dnsTimeout", "bootstrapTimeout"], problems: timeoutProblems },
  { of: ["caCertificate", "caPrivateKey", "tls"], problems: authorityProblems },
];

function renewalProblems({ renewBeforeDays, certificateDays }: Values): Problem[] {
  const rule =
    renewBeforeDays >= certificateDays
      ? `fewer days than certificateDays (${certificateDays}) are needed, or every up would renew`
      : renewBeforeDays === 0 && certificateDays > 1
        ? "at least 1 is needed: with 0 certificates are renewed only once they have ended, and " +
          "until then nobody is let in"
        : "";
  return rule ? [{ field: "renewBeforeDays", rule, value: renewBeforeDays }] : [];
}

function nodesProblems({ nodes }: Values): Problem[] {
  const names = Object.keys(nodes).sort();
  const count = names.length;
  const even = count === 2 || count === 4 || count === 6;
  const why =
    count === 0
      ? "at least one node is needed"
      : even
        ? `${count} members tolerate as many failures as ${count - 1} and need more to agree`
        : "more than seven members make every write slower";
  const problems: Problem[] = [1, 3, 5, 7].includes(count)
    ? []
    : [{ field: "nodes", rule: `${why}; use 1, 3, 5 or 7`, value: names.join(", ") }];
  const region = regionOfAll(nodes);
  for (const name of names) {
    const zone = nodes[name]!.zone;
    if (region && regionOf(zone) && regionOf(zone) !== region)
      problems.push({
        field: `nodes.${name}.zone`,
        rule: `all nodes lie in one region, and others lie in ${region}`,
        value: zone,
      });
  }
  return problems;
}

function rejoinProblems({ nodes, rejoin }: Values): Problem[] {
  const names = Object.keys(nodes).sort();
  if (!rejoin || names.includes(rejoin)) return [];
  const rule = `the name of a node is needed (${names.join(", ")})`;
  return [{ field: "rejoin", rule, value: rejoin }];
}

/** The region that the nodes are to lie in: the first one's. */
export function regionOfAll(nodes: Values["nodes"]): string {
  const first = Object.keys(nodes).sort()[0];
  return first === undefined ? "" : regionOf(nodes[first]?.zone ?? "");
}

function instanceTypeProblems({ nodes, instanceType, architecture }: Values): Problem[] {
  return Object.entries(nodes).flatMap(([name, node]) => {
    const value = node.instanceType ?? instanceType;
    const rule = instanceTypeProblem(value, architecture);
    const field = node.instanceType === undefined ? "instanceType" : `nodes.${name}.instanceType`;
    return rule ? [{ field, rule, value }] : [];
  });
}

function subnetsProblems({ subnets }: Values): Problem[] {
  return duplicates(Object.values(subnets)).map(([index, value]) => ({
    field: `subnets.${Object.keys(subnets)[index]}`,
    rule: "a subnet lies in one zone",
    value,
  }));
}

function missingSubnets({ nodes, subnets }: Values): Problem[] {
  const zones = Object.keys(subnets);
  if (!zones.length) return [];
  return Object.entries(nodes).flatMap(([name, { zone }]) =>
    zone && !zones.includes(zone)
      ? [
          {
            field: `nodes.${name}.zone`,
            rule: `etcd:subnets names no subnet for this zone (it has ${zones.join(", ")})`,
            value: zone,
          },
        ]
      : [],
  );
}

function keyRegionProblems({ nodes, kmsKeyId }: Values): Problem[] {
  if (typeof kmsKeyId !== "string" || !kmsKeyId) return [];
  const rule = kmsKeyProblem(kmsKeyId, regionOfAll(nodes));
  return rule ? [{ field: "kmsKeyId", rule, value: kmsKeyId }] : [];
}

function digestProblems(values: Values): Problem[] {
  const { etcdVersion, architecture, etcdChecksums, etcdSha256 } = values;
  const given = Object.keys(etcdSha256).length > 0;
  if (etcdChecksums === "mirror" && given)
    return [
      {
        field: "etcdSha256",
        rule: "goes with etcdChecksums: pinned; with mirror nothing compares it",
        value: etcdSha256,
      },
    ];
  const missing =
    etcdChecksums === "pinned" &&
    !versionProblem(etcdVersion) &&
    ["amd64", "arm64"].includes(architecture) &&
    !(given ? etcdSha256 : archiveDigests(etcdVersion))[architecture];
  return missing
    ? [
        {
          field: "etcdVersion",
          rule:
            `no digest is known here for its ${architecture} archive; set etcd:etcdSha256 ` +
            "from the release's SHA256SUMS",
          value: etcdVersion,
        },
      ]
    : [];
}

function chefProblems({ chef }: Values): Problem[] {
  const { product, version, packageUrl, packageSha256 } = chef;
  const problems: Problem[] = [];
  const refuse = (key: string, rule: string, value: string) => {
    if (rule) problems.push({ field: `chef.${key}`, rule, value });
  };
  if (product === "preinstalled" && version !== undefined)
    refuse(
      "version",
      "goes with the products that are installed; with preinstalled the image has the client",
      version,
    );
  if (packageUrl) {
    const ofPackage = packageUrl.endsWith(".deb");
    refuse(
      "packageUrl",
      urlProblem(packageUrl) ||
        (ofPackage ? "" : "the http or https URL of a .deb package is needed"),
      withoutPassword(packageUrl),
    );
    if (product === "preinstalled")
      refuse(
        "packageUrl",
        "goes with the products that are installed; with preinstalled nothing is",
        packageUrl,
      );
    if (!/^[0-9a-f]{64}$/.test(packageSha256))
      refuse(
        "packageSha256",
        "a package URL goes with the package's sha256, 64 hexadecimal digits",
        packageSha256,
      );
  } else if (packageSha256)
    refuse("packageSha256", "goes with chef.packageUrl, which is missing", packageSha256);
  return problems;
}

/**
 * Chef's run holds the node's own wait for DNS: ended before it, it could not name the record that
 * is missing.
 */
function timeoutProblems({ dnsTimeout, bootstrapTimeout }: Values): Problem[] {
  return bootstrapTimeout >= dnsTimeout + 60
    ? []
    : [
        {
          field: "bootstrapTimeout",
          rule:
            `a minute more than dnsTimeout (${dnsTimeout}) at least, because a node ` +
            "waits for DNS as long within it",
          value: bootstrapTimeout,
        },
      ];
}
