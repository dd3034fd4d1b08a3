"""What a process may do where it runs, as JSON. tests/lab/unit.test.ts starts it in etcd's sandbox,
and outside of it to see the difference."""

import ctypes
import errno
import json
import mmap
import os
import socket
import stat

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, PER_LINUX32 = 0x10000000, 0x8


def outcome(attempt):
    """'allowed', or the name of the error."""
    try:
        attempt()
        return "allowed"
    except OSError as error:
        return errno.errorcode[error.errno]


def call(name, *arguments):
    if getattr(libc, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def in_child(attempt):
    """In a process of its own, so that what succeeds changes nothing for the attempts after it."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(writing, outcome(attempt).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    return os.read(reading, 100).decode()


def listing(path):
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return errno.errorcode[error.errno]


def devices():
    """Device nodes that are not pseudo devices (major 1: memory, 5: terminals, 136: pseudo
    terminals) or message queues."""
    found = []
    for folder, _, names in os.walk("/dev"):
        for name in names:
            mode = os.lstat(os.path.join(folder, name))
            if stat.S_ISBLK(mode.st_mode) or (
                stat.S_ISCHR(mode.st_mode) and os.major(mode.st_rdev) not in (1, 5, 136)
            ):
                found.append(os.path.join(folder, name))
    return sorted(found)


def users_seen():
    seen = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            seen.add(os.stat(f"/proc/{pid}").st_uid)
        except FileNotFoundError:
            pass  # ended meanwhile
    return sorted(seen)


def write(path):
    with open(path, "w") as file:
        file.write("x")


def suid():
    write("/tmp/suid")
    os.chmod("/tmp/suid", 0o4755)


def opens(family, kind):
    return in_child(lambda: socket.socket(family, kind).close())


fields = dict(line.split(":", 1) for line in open("/proc/self/status"))
umask = os.umask(0)
os.umask(umask)
print(
    json.dumps(
        {
            "status": {
                name: fields[name].strip()
                for name in (
                    "Uid",
                    "NoNewPrivs",
                    "Seccomp",
                    "Seccomp_filters",
                    "CapInh",
                    "CapPrm",
                    "CapEff",
                    "CapBnd",
                    "CapAmb",
                )
            },
            "userNamespace": [line.split() for line in open("/proc/self/uid_map")],
            "umask": oct(umask),
            "readOnly": {
                path: bool(os.statvfs(path).f_flag & os.ST_RDONLY)
                for path in ("/", "/etc", "/usr", "/var", "/var/lib/etcd", "/var/lib/etcd/data")
            },
            "home": listing("/home"),
            "tmp": listing("/tmp"),
            "devices": devices(),
            "usersSeen": users_seen(),
            "data": outcome(
                lambda: (write("/var/lib/etcd/data/probe"), os.remove("/var/lib/etcd/data/probe"))
            ),
            "sockets": {
                "AF_INET": opens(socket.AF_INET, socket.SOCK_STREAM),
                "AF_UNIX": opens(socket.AF_UNIX, socket.SOCK_DGRAM),
                "AF_NETLINK": opens(socket.AF_NETLINK, socket.SOCK_RAW),
            },
            "calls": {
                "new user namespace": in_child(lambda: call("unshare", CLONE_NEWUSER)),
                "chown of its own file": in_child(
                    lambda: (write("/tmp/own"), os.chown("/tmp/own", os.getuid(), os.getgid()))
                ),
                "scheduling": in_child(lambda: os.sched_setaffinity(0, os.sched_getaffinity(0))),
                "niceness": in_child(lambda: os.setpriority(os.PRIO_PROCESS, 0, 5)),
                "personality": in_child(lambda: call("personality", PER_LINUX32)),
                "set-user-id file": in_child(suid),
                "writable and executable memory": in_child(
                    lambda: mmap.mmap(
                        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
                    )
                ),
            },
        }
    )
)
