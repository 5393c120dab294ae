"""Run a program that cannot open netlink sockets: `python no_netlink.py PROGRAM ARGUMENT...`, on Linux.

Chromium watches the machine's network interfaces over such a socket, and ends what it is loading with
`net::ERR_NETWORK_CHANGED` when one comes or goes. Stacks of Compose that start beside a test do that all the
time. Chromium has no switch against it, but without the socket it does not watch.
"""

import ctypes
import errno
import os
import platform
import struct
import sys

# The architecture as seccomp filters name it, and its number of the system call `socket`.
ARCHITECTURES = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}
AF_NETLINK = 16
PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
LOAD, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | errno.EAFNOSUPPORT
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # where they stand in struct seccomp_data


class Program(ctypes.Structure):
    """A seccomp filter: struct sock_fprog."""

    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_char_p))


def deny_netlink() -> None:
    """Make `socket(AF_NETLINK, …)` fail in this process and its children."""
    architecture, socket = ARCHITECTURES[platform.machine()]
    steps = [
        (LOAD, 0, 0, ARCHITECTURE),
        (JUMP_IF_EQUAL, 0, 5, architecture),
        (LOAD, 0, 0, NUMBER),
        (JUMP_IF_EQUAL, 0, 3, socket),
        (LOAD, 0, 0, FIRST_ARGUMENT),
        (JUMP_IF_EQUAL, 0, 1, AF_NETLINK),
        (RETURN, 0, 0, FAIL),
        (RETURN, 0, 0, ALLOW),
    ]
    program = Program(len(steps), b"".join(struct.pack("HBBI", *step) for step in steps))
    libc = ctypes.CDLL(None, use_errno=True)
    for words in (
        (PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), 0, 0, 0),
        (PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(program), 0, 0),
    ):
        if libc.prctl(*words):
            raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    if sys.platform == "linux" and platform.machine() in ARCHITECTURES:
        deny_netlink()
    os.execv(sys.argv[1], sys.argv[1:])  # noqa: S606 - the program that was named
