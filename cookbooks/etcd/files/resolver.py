"""This node's own resolver, asked as a resolver library does."""

import dns_query

QUERY_TIMEOUT = 2.0


def servers(path):
    with open(path) as file:
        words = [line.split() for line in file]
    return [w[1] for w in words if len(w) > 1 and w[0] == "nameserver"][:3] or ["127.0.0.1"]


def ask(servers, port, name, kind, timeout=QUERY_TIMEOUT):
    """The first server that answers decides. The reason as a string when none does; each has
    `timeout` seconds."""
    reasons = []
    for server in servers:
        try:
            answer = dns_query.ask(server, port, name, kind, timeout)
            if answer.rcode in ("NOERROR", "NXDOMAIN"):
                return answer
            reasons.append(f"{answer.rcode} from {server}")
        except dns_query.Unanswered as reason:
            reasons.append(f"{reason} from {server}")
    return ", ".join(reasons)
