"""What this node remembers of having been a member. A marker lies on each of its disks, because
either may be lost without the other: on the root disk beside the ticket, on the data disk beside
the data directory. The first write-ahead log uses the ticket up and makes both. Markers of members
that gave way here, set aside as member.<suffix>.json, keep their tickets from being used again."""

import glob
import json
import os
import time

import durable
import wal

# Of a ticket, what the marker keeps.
FROM_TICKET = ("machine", "volume", "nonce", "memberId")


def has_member(settings):
    """The same test as etcd's own: a write-ahead log is there. Below a mount point without its
    volume nothing counts."""
    mount = settings["mountPoint"]
    if mount and not os.path.ismount(mount):
        return False
    return bool(glob.glob(os.path.join(settings["dataDir"], "member", "wal", "*.wal")))


def member_id(settings, node_folder):
    """Of the data here, in hexadecimal: what their log says, else the marker that came of a ticket
    to join. None without data, or where neither says it."""
    if not has_member(settings):
        return None
    marker = was_member(settings, node_folder) or {}
    return wal.member_id(settings["dataDir"]) or marker.get("memberId")


def ticket_path(node_folder):
    return os.path.join(node_folder, "ticket.json")


def marker_paths(settings, node_folder):
    """On the root disk, on the data disk."""
    folders = node_folder, os.path.dirname(settings["dataDir"])
    return [os.path.join(folder, "member.json") for folder in folders]


def waiting(node_folder):
    """The ticket that is here; None without one, {} for one that cannot be read."""
    return read(ticket_path(node_folder))


def read(path):
    """A marker that cannot be read counts: a member was here."""
    try:
        return durable.read_json(path)
    except ValueError:
        return {}


def was_member(settings, node_folder):
    """What the first marker says; None without any."""
    return next(
        (m for m in map(read, marker_paths(settings, node_folder)) if m is not None),
        None,
    )


def set_aside(settings, node_folder):
    """The markers of members that gave way on this node, on either disk: path -> what it says."""
    folders = map(os.path.dirname, marker_paths(settings, node_folder))
    paths = [path for folder in folders for path in glob.glob(f"{folder}/member.*.json")]
    return {path: read(path) or {} for path in sorted(paths)}


def spent(ticket, settings, node_folder):
    """The marker that shows that a ticket was used here before; None for one that may be used. A
    cluster is founded once: whoever gave way here founds nothing any more."""
    markers = {
        **{path: read(path) for path in marker_paths(settings, node_folder)},
        **set_aside(settings, node_folder),
    }
    return next(
        (
            path
            for path, marker in markers.items()
            if marker is not None
            and (ticket["kind"] == "found" or marker.get("nonce") == ticket["nonce"])
        ),
        None,
    )


def foreign(settings, node_folder):
    """How the data disk's marker names another member or cluster than this node's; a line each.
    Members of older releases have none."""
    marker = read(marker_paths(settings, node_folder)[1]) or {}
    wanted = (
        ("name", settings["name"]),
        ("domain", settings["domain"]),
        ("token", settings["token"]),
    )
    return [
        f"{key} on the disk: {marker[key]}, on this node: {value}"
        for key, value in wanted
        if key in marker and marker[key] != value
    ]


def is_settled(settings, node_folder):
    """Nothing is left to note of the member here."""
    return (
        has_member(settings)
        and all(os.path.exists(path) for path in marker_paths(settings, node_folder))
        and not os.path.exists(ticket_path(node_folder))
        and not foreign(settings, node_folder)
    )


def is_staged(settings, node_folder):
    """Nothing here may start until somebody joins it to a cluster, and somebody does: the attribute
    `joins` says so. A ticket beside a marker is spent."""
    mount = settings["mountPoint"]
    if not settings["joins"] or (mount and not os.path.ismount(mount)) or has_member(settings):
        return False
    return waiting(node_folder) is None or was_member(settings, node_folder) is not None


def settle(settings, node_folder):
    """Once there is a write-ahead log: a marker on both disks, and then no ticket any more. May be
    cut short anywhere, and called again."""
    if not has_member(settings):
        return
    ticket = waiting(node_folder) or {}
    paths = marker_paths(settings, node_folder)
    known = was_member(settings, node_folder) or {}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    marker = {
        **{key: settings[key] for key in ("name", "domain", "token")},
        "joined": known.get("joined", now),
        **{key: source[key] for source in (known, ticket) for key in FROM_TICKET if key in source},
    }
    for path in reversed(paths):
        if not os.path.exists(path):
            durable.write(path, json.dumps(marker))
    durable.remove(ticket_path(node_folder))
