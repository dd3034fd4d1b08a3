/**
 * Who is declared a member. A run that was cut off leaves the stack's outputs as they were before
 * it, while the gate for the peers, which comes before anybody joins or leaves, is up to date.
 * Pure.
 */
import type { GateOutputs } from "../../components/dns/dnsReadiness.ts";
import type { DeclaredMember } from "../../components/health/memberHealth.ts";
import { clientUrlOf, peerUrlOf } from "../../components/names.ts";
import type { StackOutputs } from "../stack/stackOutputs.ts";

export interface DeclaredNow {
  readonly declared: readonly DeclaredMember[];
  /** Those of them that the outputs do not know: the run in which they join did not end. */
  readonly coming: readonly string[];
  /** Those that only the outputs know: the run in which they leave did not end. */
  readonly leaving: readonly DeclaredMember[];
}

/** What the last run has declared. `gates`: as saved; without one the outputs are all there is. */
export function declaredNow(
  { endpoints, peerUrls, discoveryDomain }: StackOutputs,
  gates: readonly GateOutputs[],
): DeclaredNow {
  const before = Object.entries(endpoints).map(([name, endpoint]) => ({
    name,
    endpoint,
    peerUrl: peerUrls[name] ?? "",
  }));
  const gate = gates.find(({ expected }) => expected.service !== "client");
  if (!gate || gate.expected.domain !== discoveryDomain)
    return { declared: before, coming: [], leaving: [] };
  const { members, domain, tls } = gate.expected;
  const declared = members
    .map(({ target, address }) => {
      const name = target.slice(0, -domain.length - 1);
      const known = before.find((member) => member.name === name);
      if (known && new URL(known.endpoint).hostname === address) return known;
      return { name, endpoint: clientUrlOf(address, tls), peerUrl: peerUrlOf(target, tls) };
    })
    .sort((one, other) => one.name.localeCompare(other.name));
  return {
    declared,
    coming: declared.map(({ name }) => name).filter((name) => !(name in endpoints)),
    leaving: before.filter(({ name }) => declared.every((member) => member.name !== name)),
  };
}
