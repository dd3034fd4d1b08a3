"""Files that are whole, or not there, whatever ends the program or the machine."""

import json
import os


def sync_folder(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path, text, mode=0o644, like=None):
    """Replaces the file in one step. `like` is the os.stat of a file whose owner, group and mode it
    gets."""
    new = f"{path}.{os.getpid()}"  # the unit and a converge may both be at it
    with open(new, "w") as file:
        os.fchmod(file.fileno(), like.st_mode & 0o777 if like else mode)
        if like:
            os.fchown(file.fileno(), like.st_uid, like.st_gid)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync_folder(os.path.dirname(path))


def remove(path):
    if os.path.exists(path):
        os.remove(path)
        sync_folder(os.path.dirname(path))


def read_json(path):
    """None where there is no such file. Raises ValueError for one that is no JSON object."""
    try:
        with open(path) as file:
            value = json.load(file)
    except FileNotFoundError:
        return None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value
