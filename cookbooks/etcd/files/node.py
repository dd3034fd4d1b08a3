"""What the programs have in common that whoever adds and removes members runs on a node: they print
one line of JSON, or say on stderr what failed, and exit 1. Each may be ended anywhere, and called
again."""

import argparse
import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time

from ticket import Refused

LOCK_SECONDS = 10.0
# ActiveState of a unit that is not at rest.
UP = ("active", "activating", "reloading", "deactivating")


def arguments(about):
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--settings", default="/etc/etcd/preflight.json")
    parser.add_argument("--node-folder", default="/var/lib/etcd-node")
    return parser


def settings(path):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        raise Refused(
            f"this node was never converged: {path} is not there. `pulumi up` does it."
        ) from None


def main(act):
    try:
        print(json.dumps(act()), flush=True)
    except Refused as reason:
        sys.exit(str(reason))
    except OSError as error:
        sys.exit(f"{error.filename or 'this node'}: {error.strerror or error}")


@contextlib.contextmanager
def alone(node_folder):
    """While no other one of these programs changes the node."""
    os.makedirs(node_folder, exist_ok=True)
    descriptor = os.open(node_folder, os.O_RDONLY)
    end = time.monotonic() + LOCK_SECONDS
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise Refused(
                        f"another etcd-join or etcd-retire has been at work on this node for "
                        f"{LOCK_SECONDS:.0f} s; look for it with: ps -ef | grep etcd-"
                    ) from None
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


def run(*command, seconds=20.0, may_fail=False):
    """What a command prints. Raises Refused with what it said."""
    words = " ".join(command)
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise Refused(f"`{words}` did not end within {seconds:g} s") from None
    if done.returncode and not may_fail:
        said = done.stderr.strip() or done.stdout.strip() or "nothing"
        raise Refused(f"`{words}` failed (exit {done.returncode}); it said: {said}")
    return done.stdout


def unit(seconds=20.0):
    """Properties of etcd's unit, by systemd's names."""
    names = "ActiveState,SubState,Result,ExecMainStatus,NRestarts,UnitFileState"
    told = run("systemctl", "show", "etcd.service", "--property", names, seconds=seconds)
    return dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
