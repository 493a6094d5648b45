"""Prepares this process: what it writes doesn't depend on the umask, nor on standard streams that are closed."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys

OTHERS = 0o077
"""The bits of a umask that concern the group and all others."""
WRITING = 0o022
"""Those that keep them from writing."""
STANDARD = (0, 1, 2)
"""Numbers of the standard streams."""
UNREAD = 128 + signal.SIGPIPE
"""Exit code if nothing reads the standard output any more, as in shells: it isn't a command's own result."""


def prepare() -> None:
    """Create files that you can read, and that only you can write: a plan that others can change is no plan.

    A standard stream that is closed becomes an empty one. Otherwise the next file that is opened gets its number, and
    what a program that is started writes as a message would be written into that file.
    """
    own = os.umask(OTHERS)
    os.umask((own & OTHERS) | WRITING)
    for descriptor in STANDARD:
        try:
            os.fstat(descriptor)
        except OSError:
            # It gets the lowest free number: this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = open(STANDARD[0], encoding="utf-8", closefd=False)  # noqa: SIM115  (as long as the process)


def is_unread(error: OSError) -> bool:
    """Whether the error is that nothing reads the standard output any more, as after `| head`; then it is dropped."""
    if error.errno != errno.EPIPE:
        return False
    output = select.poll()
    output.register(STANDARD[1], 0)
    if not output.poll(0):  # It is about another pipe, such as that of a program which has ended.
        return False
    dropped = os.open(os.devnull, os.O_WRONLY)
    os.dup2(dropped, STANDARD[1])
    os.close(dropped)
    return True
