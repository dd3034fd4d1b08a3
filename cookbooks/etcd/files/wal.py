"""Whose data these are, read from etcd's write-ahead log: what is on the disk itself, whatever a
marker says. The second record of each file of the log holds the ids of member and cluster, in all
releases of etcd 3."""

import glob
import os
import struct
from itertools import islice

# Types of record, and the field of a METADATA's data that holds the id.
CRC, METADATA, NODE = 4, 1, 1


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def fields(data):
    """Number -> value of a protobuf message that has integers and bytes alone."""
    found, at = {}, 0
    while at < len(data):
        key, at = varint(data, at)
        value, at = varint(data, at)
        if key & 7 == 2:
            value, at = data[at : at + value], at + value
        elif key & 7:
            raise ValueError("another kind of field")
        found[key >> 3] = value
    return found


def records(head):
    """The messages at the beginning of a log. The upper byte of a frame's length is its padding, in
    three bits, where the uppermost bit is set."""
    at = 0
    while at + 8 <= len(head):
        (frame,) = struct.unpack_from("<Q", head, at)
        length, upper = frame & ((1 << 56) - 1), frame >> 56
        yield fields(head[at + 8 : at + 8 + length])
        at += 8 + length + (upper & 7 if upper & 0x80 else 0)


def member_id(data_dir):
    """The member's id in hexadecimal, as etcd prints it; None where there is no log, or none that
    can be read."""
    logs = sorted(glob.glob(os.path.join(data_dir, "member", "wal", "*.wal")))
    for path in reversed(logs):
        try:
            with open(path, "rb") as file:
                first, second = islice(records(file.read(256)), 2)
            if (first[1], second[1]) == (CRC, METADATA):
                return format(fields(second[3])[NODE], "x")
        except (OSError, ValueError, IndexError, KeyError, TypeError, struct.error):
            continue
    return None
