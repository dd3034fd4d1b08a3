"""What a node must see in DNS before its first start, and how what it sees differs from that. No
input or output here."""

OK = "NOERROR"


class Seen:
    """What one round found.

    srv, other: the answers for the two kinds of server SRV, or the reason as a string when there
        was none; None when not asked
    addresses: host name -> the same for its A records
    system: host name -> addresses in the words of the system's own lookup (getaddrinfo), None when
        not asked
    """

    def __init__(self, srv=None, other=None, addresses=None, system=None):
        self.srv = srv
        self.other = other
        self.addresses = addresses or {}
        self.system = system or {}


def srv_name(domain, tls):
    return f"_etcd-server{'-ssl' if tls else ''}._tcp.{domain}"


def kept(answer):
    """How long the resolver may go on giving this answer: what a person wants to know who has just
    repaired a record."""
    return f" (the resolver may keep this answer for {answer.ttl} s)" if answer.ttl else ""


def expected_hosts(settings):
    """Host name -> address wanted. Without `members`, what SRV lists is taken as it is and only
    this node's own address is known."""
    members = settings["members"] or {settings["name"]: settings["address"]}
    return {f"{name}.{settings['domain']}": address for name, address in members.items()}


def compare_srv(settings, answer):
    """Lines about the set of targets."""
    name = f"{srv_name(settings['domain'], settings['tls'])} SRV"
    if isinstance(answer, str):
        return [(name, answer)]
    if answer.rcode != OK or not answer.records:
        return [(name, (answer.rcode if answer.rcode != OK else "no records") + kept(answer))]
    port, wanted, lines = settings["peerPort"], expected_hosts(settings), []
    for target, at in sorted(set(answer.records)):
        if target not in wanted and settings["members"]:
            lines.append((name, f"unexpected target {target}:{at}{kept(answer)}"))
        elif at != port:
            lines.append((name, f"{target}:{at}, wanted port {port}{kept(answer)}"))
        if answer.records.count((target, at)) > 1:
            lines.append((name, f"{target}:{at} is listed twice; etcd exits on that{kept(answer)}"))
    listed = {target for target, _ in answer.records}
    lines += [
        (name, f"lacks {host}:{port}{kept(answer)}")
        for host in sorted(wanted)
        if host not in listed
    ]
    return lines


def compare_address(host, wanted, answer):
    """Lines about the address of one target; `wanted` is None when any single one will do."""
    name = f"{host} A"
    suffix = f", wanted {wanted}" if wanted else ", wanted one address"
    if isinstance(answer, str):
        return [(name, answer + suffix)]
    if answer.rcode != OK or not answer.records:
        return [
            (name, (answer.rcode if answer.rcode != OK else "no records") + suffix + kept(answer))
        ]
    got = sorted(set(answer.records))
    if len(got) != 1 or (wanted and got != [wanted]):
        return [(name, ", ".join(got) + suffix + kept(answer))]
    return []


def compare(settings, seen):
    """One (record, finding) for each mismatch; an empty list means that this round was complete and
    exact."""
    lines = [] if seen.srv is None else compare_srv(settings, seen.srv)
    wanted = expected_hosts(settings)
    for host, answer in sorted(seen.addresses.items()):
        lines += compare_address(host, wanted.get(host), answer)
    if seen.other is not None:
        name = f"{srv_name(settings['domain'], not settings['tls'])} SRV"
        if isinstance(seen.other, str):
            lines.append((name, seen.other + ", wanted none"))
        elif seen.other.records:
            lines.append(
                (
                    name,
                    f"must not exist beside {srv_name(settings['domain'], settings['tls'])}: "
                    f"etcd reads both{kept(seen.other)}",
                )
            )
        elif seen.other.rcode not in (OK, "NXDOMAIN"):
            lines.append((name, seen.other.rcode + ", wanted none"))
    for host, got in sorted(seen.system.items()):
        address = wanted.get(host)
        if isinstance(got, str) or len(got) != 1 or (address and got != [address]):
            found = got if isinstance(got, str) else ", ".join(got)
            lines.append(
                (
                    f"{host} on this machine",
                    f"{found}, wanted {address or 'one address'}; DNS is right, so look at "
                    "/etc/hosts and /etc/nsswitch.conf",
                )
            )
    return lines


def table(lines):
    """Two aligned columns, indented."""
    width = max((len(name) for name, _ in lines), default=0) + 3
    return "\n".join(f"  {name.ljust(width)}{finding}" for name, finding in lines)
