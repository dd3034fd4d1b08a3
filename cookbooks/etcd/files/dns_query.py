"""One DNS question to one resolver: UDP, then TCP when the answer was cut off. Python's own library
cannot ask for SRV."""

import os
import socket
import struct

A, SOA, SRV = 1, 6, 33
RCODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}


class Unanswered(Exception):
    """No usable answer: time ran out, the connection was refused, or what came back was no DNS
    answer."""


class Answer:
    """rcode: its name. records: addresses for A, (target, port) for SRV. ttl: seconds the resolver
    may keep the answer, None when it does not say."""

    def __init__(self, rcode, records, ttl):
        self.rcode, self.records, self.ttl = rcode, records, ttl


def question(name, kind, ident):
    """The message that asks, with recursion wanted and nothing else."""
    labels = b"".join(
        bytes([len(part)]) + part for part in name.encode("ascii").split(b".") if part
    )
    return (
        struct.pack("!6H", ident, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)
    )


def read_name(message, at):
    """A name at an offset, lower case without its last dot, and the offset behind it. Pointers only
    lead backwards, so this ends."""
    labels, end, limit = [], None, len(message)
    while True:
        length = message[at]
        if length >= 0xC0:
            target = struct.unpack_from("!H", message, at)[0] & 0x3FFF
            end, at, limit = end or at + 2, target, at
            if target >= limit:
                raise Unanswered("malformed answer")
        elif length == 0:
            return ".".join(labels), end or at + 1
        else:
            labels.append(message[at + 1 : at + 1 + length].decode("ascii").lower())
            at += 1 + length


def parse(message, ident, kind):
    """Answer from a message; Unanswered when it is not the answer to this question."""
    try:
        got, flags, questions, answers, authorities, _ = struct.unpack_from("!6H", message, 0)
        if got != ident or not flags & 0x8000:
            raise Unanswered("an answer to another question")
        at = 12
        for _ in range(questions):
            at = read_name(message, at)[1] + 4
        records, ttl = [], None
        for index in range(answers + authorities):
            at = read_name(message, at)[1]
            of, _, seconds, size = struct.unpack_from("!HHIH", message, at)
            at += 10
            if index < answers and of == kind:
                ttl = seconds if ttl is None else min(ttl, seconds)
                if kind == A:
                    records.append(socket.inet_ntoa(message[at : at + 4]))
                else:
                    port = struct.unpack_from("!3H", message, at)[2]
                    records.append((read_name(message, at + 6)[0], port))
            elif index >= answers and of == SOA and not records:
                minimum = struct.unpack_from("!I", message, at + size - 4)[0]
                ttl = min(seconds, minimum)
            at += size
    except (IndexError, struct.error, OSError, UnicodeDecodeError):
        raise Unanswered("malformed answer") from None
    rcode = flags & 0xF
    return Answer(RCODES.get(rcode, f"rcode {rcode}"), records, ttl)


def receive(stream, count):
    data = b""
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise Unanswered("connection closed in the middle of an answer")
        data += part
    return data


def ask(server, port, name, kind, timeout):
    """Answer of a resolver for a name, within `timeout` seconds for each of UDP and TCP. Raises
    Unanswered."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    ident = struct.unpack("!H", os.urandom(2))[0]
    message = question(name, kind, ident)
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as udp:
            udp.settimeout(timeout)
            udp.connect((server, port))
            udp.send(message)
            reply = udp.recv(65535)
        if len(reply) > 2 and reply[2] & 0x02:
            with socket.create_connection((server, port), timeout) as tcp:
                tcp.sendall(struct.pack("!H", len(message)) + message)
                reply = receive(tcp, struct.unpack("!H", receive(tcp, 2))[0])
    except TimeoutError:
        raise Unanswered(f"no answer within {timeout:g} s") from None
    except OSError as error:
        raise Unanswered(error.strerror or str(error)) from error
    return parse(reply, ident, kind)
