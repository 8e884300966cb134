"""The command on a terminal, or in a shell."""

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time
import unicodedata


def columns(text):
    """The number of terminal columns that a text takes."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Session:
    """A program on its own terminal, on which somebody types."""

    def __init__(self, arguments, size=(40, 80), **options):
        self.master, slave = pty.openpty()
        self.resize(*size)
        # The terminal's settings before, to check whether they are restored.
        self.modes = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            arguments, stdin=slave, stdout=slave, stderr=slave, close_fds=True, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), **options)
        self.slave = slave
        self.raw = b""

    def resize(self, rows, width):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, width, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def read(self, seconds):
        """Reads what is written within that time, and returns whether there was anything."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        try:
            piece = os.read(self.master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False
        self.raw += piece
        return bool(piece)

    @property
    def text(self):
        """Everything that was written, without colors."""
        return re.sub(r"\x1b\[\d*m", "", self.raw.decode(errors="replace").replace("\r\n", "\n"))

    @property
    def screen(self):
        """The last screen of a program that draws whole screens."""
        last = self.text.rsplit("\x1b[H", 1)[-1]
        return re.sub(r"\x1b\[[?\d;]*[A-Za-z]|\r", "", last)

    def wait_for(self, pattern, seconds=20, on="text"):
        """Waits until something is written, and returns everything up to then."""
        deadline = time.monotonic() + seconds
        while not re.search(pattern, getattr(self, on)):
            if time.monotonic() > deadline:
                raise AssertionError(f"{pattern!r} does not come:\n{getattr(self, on)}")
            if not self.read(0.1) and self.process.poll() is not None and not self.read(0.1):
                raise AssertionError(f"the program has ended, and {pattern!r} did not come:\n{self.text}")
        return getattr(self, on)

    def end(self, seconds=30):
        """Waits for the end, and returns the status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            self.read(0.1)
        while self.read(0.05):
            pass
        return self.process.wait(1)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


class Screen:
    """Runs the command on a terminal, or in a shell."""

    def session(self, *arguments, size=(40, 80), env=None):
        """The command on a terminal; it is stopped at the end of the test."""
        session = Session(
            [os.environ["LEASEHOLD"], *map(str, arguments)], size, cwd=self.folder,
            env={**self.environment, "TERM": "xterm", **(env or {})})
        self.addCleanup(session.close)
        return session

    def on_terminal(self, width, *arguments, answer="", env=None):
        """What the command writes to a terminal, and its status."""
        session = self.session(*arguments, size=(40, width), env=env)
        if answer:
            session.type(answer)
        status = session.end(60)
        return session.text, status

    def shell(self, script, shell="sh"):
        """The output of a script that calls `leasehold`."""
        bin_folder = self.folder / "bin"
        bin_folder.mkdir(exist_ok=True)
        if not (bin_folder / "leasehold").exists():
            (bin_folder / "leasehold").symlink_to(os.path.abspath(os.environ["LEASEHOLD"]))
        return subprocess.run(
            [shell, "-c", script], capture_output=True, text=True, timeout=120, cwd=self.folder,
            env={**self.environment, "PATH": f"{bin_folder}:{os.environ['PATH']}"})
