"""The ticket that a first start needs where the attribute `tickets` is true: a file that whoever
runs this cookbook puts on the node. It is for one machine, one volume and one cluster.

To found a cluster, `members` are those that start together:

    {"kind": "found", "clusterToken": …, "machine": "i-…", "volume": "vol-…", "nonce": …,
     "members": {name: {"peerUrl": …, "address": …}}}

To join a living one, it also has the id that `member add` gave, and `members` is the list that it
returned, this node among them:

    {"kind": "join", "memberId": "8e9e05c52164694d", …}
"""

import re
import time

import durable

METADATA = "169.254.169.254"
# Of EC2's metadata: seconds for an answer, how often it is asked, seconds between.
DEADLINE, TRIES, PAUSE = 2.0, 3, 0.5
WHERE_FROM = (
    "  If the cluster was never started, `pulumi up` brings a ticket to each machine that it was "
    "founded with; where it does not, `pulumi destroy` loses nothing."
)
# Kind -> what etcd is told of the cluster.
STATES = {"found": "new", "join": "existing"}


class Refused(Exception):
    """Why there is no first start with what is here."""


def peer_url(settings, host):
    return f"http{'s' if settings['tls'] else ''}://{host}:{settings['peerPort']}"


def checked(ticket, where):
    """The ticket, when all is in it. Raises Refused for another kind; ValueError, KeyError,
    TypeError or AttributeError for one that is broken."""
    kind, members = ticket["kind"], ticket["members"]
    if kind not in STATES:
        raise Refused(f"{where} is of the kind {kind!r}; this cookbook knows 'found' and 'join'")
    for key in ("clusterToken", "machine", "volume", "nonce"):
        ticket[key]
    for member in members.values():
        member["peerUrl"], member["address"]
    if kind == "join" and not re.fullmatch("[0-9a-f]{1,16}", ticket["memberId"]):
        raise ValueError("memberId: a member's id in hexadecimal is needed")
    return ticket


def load(path, settings):
    """The ticket. Raises Refused when there is none, or one that cannot be read."""
    try:
        ticket = durable.read_json(path)
        if ticket is None:
            raise Refused(none(path, settings))
        return checked(ticket, f"the ticket {path}")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(
            f"the ticket {path} cannot be read ({error!r}), so etcd was not started. "
            "Run `pulumi up`, which brings another."
        ) from None


def none(path, settings):
    name = settings["name"]
    return (
        f"node {name} holds no member and has no ticket for a first start ({path}), so etcd was "
        "not started: on an empty disk it could form a second cluster beside a living one.\n"
        f"  If {name} had data: bring its old volume {settings['volume']} back as it was. If that "
        "is lost, `pulumi up --refresh` makes another member of its name, once a majority of the "
        "others is healthy.\n" + WHERE_FROM
    )


def spent(path, marker):
    return (
        f"the ticket {path} was used before ({marker}), or lets found where a member lived once, "
        "so etcd was not started: under its old identity it would have nothing of what it promised "
        "to keep.\n  Run `pulumi up`, which brings another where one is due."
    )


def problems(ticket, settings, machine):
    """How it differs from this node, a line each. `machine` is the instance's own id. Pure."""
    name, members = settings["name"], ticket["members"]
    if name not in members:
        return [f"members: {', '.join(sorted(members))} in the ticket; this node is {name}"]
    pairs = [
        ("machine", ticket["machine"], machine),
        ("data volume", ticket["volume"], settings["volume"]),
        ("cluster token", ticket["clusterToken"], settings["token"]),
        (f"address of {name}", members[name]["address"], settings["address"]),
    ] + [
        (f"peer URL of {other}", m["peerUrl"], peer_url(settings, f"{other}.{settings['domain']}"))
        for other, m in sorted(members.items())
    ]
    return [
        f"{what}: {given or 'none'} in the ticket, {here or 'none'} here"
        for what, given, here in pairs
        if given != here
    ]


def instance_id(address):
    """The machine's own id, as EC2's metadata tells it (IMDSv2). Raises Refused."""
    for left in reversed(range(TRIES)):
        try:
            token = fetch(
                address, "PUT", "/latest/api/token", {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
            )
            return fetch(
                address, "GET", "/latest/meta-data/instance-id", {"X-aws-ec2-metadata-token": token}
            ).strip()
        except (OSError, ValueError) as error:
            if not left:
                raise Refused(
                    "a ticket is for one machine, and this machine's own id could not be read from "
                    f"EC2's metadata at {address} ({error}), so etcd was not started. The instance "
                    "must have its metadata endpoint enabled."
                ) from None
            time.sleep(PAUSE)


def fetch(address, method, path, headers):
    # Only a first start pays for these; no proxy is used.
    import http.client

    connection = http.client.HTTPConnection(address, timeout=DEADLINE)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        text = answer.read().decode("ascii")
        if answer.status != 200:
            raise ValueError(f"{method} {path}: {answer.status} {answer.reason}")
        return text
    except http.client.HTTPException as error:
        raise ValueError(f"{method} {path}: {error!r}") from None
    finally:
        connection.close()


def check(path, settings, address):
    """The ticket, when it is for a first start of this node. Raises Refused."""
    ticket = load(path, settings)
    lines = problems(ticket, settings, instance_id(address))
    if lines:
        raise Refused(
            f"the ticket {path} is not for a first start of this node, so etcd was not "
            "started:\n  " + "\n  ".join(lines) + "\n" + WHERE_FROM
        )
    return ticket
