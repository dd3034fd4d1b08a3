"""The file that etcd is started with: the lasting configuration and, for a first start, the cluster
that was verified. etcd asks DNS for neither then: with `discovery-srv` it would ask once more, and
what it gets may differ from what was verified a moment before."""

import json
import os

import durable
from ticket import peer_url


def first_start(settings, hosts):
    """Values for a first start together with exactly these hosts. Pure."""
    suffix = "." + settings["domain"]
    return {
        "initial-cluster": ",".join(
            f"{host.removesuffix(suffix)}={peer_url(settings, host)}" for host in sorted(hosts)
        ),
        "initial-cluster-token": settings["token"],
        "initial-cluster-state": settings["initialState"],
    }


def merged(config, values):
    """The text of a configuration with other values for some keys. Pure."""
    kept = [line for line in config.splitlines() if line.split(":")[0] not in values]
    more = [f"{key}: {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(kept + more) + "\n"


def write(path, config, values):
    """The lasting configuration with these values; whoever may read the one may read the other. The
    folder is in memory, and gone with a reboot."""
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o755)  # the unit's umask would keep etcd out
    with open(config) as file:
        text = file.read()
    durable.write(path, merged(text, values), like=os.stat(config))
