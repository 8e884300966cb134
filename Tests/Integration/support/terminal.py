"""Runs a program on a pseudo-terminal."""

import errno
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios


def run(command, environment, folder, width=100, watch=None, timeout=300, keeps_colors=False):
    """What a program writes to a terminal, and its status.

    `watch(text)` is called with everything written so far, whenever there is more; what it returns is typed.
    """
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    process = subprocess.Popen(
        [str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, cwd=folder,
        env={**environment, "TERM": "xterm"}, start_new_session=True,
        # This makes Ctrl-C a signal.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    written = b""
    try:
        while piece := _read(master):
            written += piece
            if watch and (typed := watch(written.decode(errors="ignore"))):
                os.write(master, typed.encode())
        status = process.wait(timeout)
    finally:
        process.kill()
        os.close(master)
    text = written.decode().replace("\r\n", "\n")
    return text if keeps_colors else re.sub(r"\x1b\[[\d;]*m", "", text), status


def _read(descriptor):
    try:
        return os.read(descriptor, 65536)
    except OSError as error:
        # On Linux, this means that nobody has the other end open any more.
        if error.errno != errno.EIO:
            raise
        return b""
