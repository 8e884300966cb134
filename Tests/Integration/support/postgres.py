"""A PostgreSQL of a test's own (package postgresql), and a line to it that can be cut."""

import os
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

PASSWORD = "Qz7wardrobe9"


def programs():
    """The folder with the server's programs, which Debian keeps out of PATH; None if there is none."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return folders[-1] if folders and shutil.which("psql") else None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server on loopback that asks for a password. It refuses to run as root, so root runs it as another user."""

    def __init__(self, primary=None):
        self.folder = Path(tempfile.mkdtemp(prefix="leasehold-postgres-"))
        self.data, self.port = self.folder / "data", free_port()
        self.sessions = {}
        self.prefix = []
        if os.geteuid() == 0:
            self.prefix = ["runuser", "-u", "nobody", "--"]
            shutil.chown(self.folder, "nobody")
        self.folder.chmod(0o700)
        self.passwords = Path(tempfile.mkdtemp(prefix="leasehold-pgpass-")) / "pgpass"
        self.passwords.write_text(f"127.0.0.1:*:*:owner:{PASSWORD}\n")
        self.passwords.chmod(0o600)
        if primary is None:
            (self.folder / "password").write_text(PASSWORD)
            (self.folder / "password").chmod(0o644)
            # The test's own statements come through the socket, which is in a folder of its own.
            self.run("initdb", "-D", self.data, "-U", "owner", "-E", "UTF8", "--locale=C.UTF-8",
                     "--auth-host=scram-sha-256", "--auth-local=trust", "--pwfile", self.folder / "password", "--no-sync",
                     "--no-instructions")
        else:
            shutil.copy(primary.passwords, self.folder / "pgpass")
            if self.prefix:
                shutil.chown(self.folder / "pgpass", "nobody")
            (self.folder / "pgpass").chmod(0o600)
            self.run("pg_basebackup", "-D", self.data, "-R", "-c", "fast", "--no-sync", "-h", "127.0.0.1", "-p",
                     primary.port, "-U", "owner", environment={"PGPASSFILE": str(self.folder / "pgpass")})
        settings = f"""
            port = {self.port}
            listen_addresses = '127.0.0.1'
            unix_socket_directories = '{self.folder}'
            fsync = off
            autovacuum = off
            shared_buffers = 64MB
            max_wal_senders = 4
        """
        # The settings of a standby's primary are in the same file; the last one counts.
        done = subprocess.run([*self.prefix, "tee", "-a", str(self.data / "postgresql.conf")], input=settings, text=True,
                              stdout=subprocess.DEVNULL, cwd="/")
        assert done.returncode == 0
        self.start()

    def run(self, program, *arguments, environment=None):
        done = subprocess.run(
            [*self.prefix, str(programs() / program), *map(str, arguments)], capture_output=True, text=True, cwd="/",
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder), **(environment or {})})
        if done.returncode:
            raise AssertionError(f"{program}: {done.stdout}{done.stderr}")

    def start(self):
        # Its output must not be a pipe of the test's, which would never end.
        subprocess.run(
            [*self.prefix, str(programs() / "pg_ctl"), "-D", str(self.data), "-l", str(self.folder / "log"), "-w", "start"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", check=True,
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    def stop(self):
        for session in self.sessions.values():
            session.close()
        self.sessions = {}
        self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")

    def close(self):
        try:
            self.stop()
        except AssertionError:
            pass
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.rmtree(self.passwords.parent, ignore_errors=True)

    def sql(self, text, database="postgres", schema="leasehold"):
        """The result of statements, as lines of psql's bare form."""
        session = self.sessions.get(database)
        if session is None or session.is_over:
            session = self.sessions[database] = Session(self, database)
        return session.ask(f"DISCARD ALL;\nSET search_path = {schema};\n{text}")

    def environment(self, folder, database="postgres", port=None, user="owner"):
        """The environment for libpq: a service 'leases'."""
        services = folder / "pg_service.conf"
        services.write_text(
            f"[leases]\nhost=127.0.0.1\nport={port or self.port}\nuser={user}\ndbname={database}\nsslmode=prefer\n")
        return {"PGSERVICEFILE": str(services), "PGPASSFILE": str(self.passwords)}


class Session:
    """A psql that stays, because starting one takes longer than most statements."""

    def __init__(self, server, database):
        self._complaints = tempfile.TemporaryFile("w+")
        # Debian's psql in PATH is a script that looks for the real one.
        self._process = subprocess.Popen(
            [str(programs() / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(server.folder), "-p",
             str(server.port), "-U", "owner", "-d", database, "-f", "-"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, text=True, errors="surrogateescape",
            env={"PATH": os.environ["PATH"], "PGCLIENTENCODING": "UTF8"})
        self._number = 0

    @property
    def is_over(self):
        return self._process.poll() is not None

    def ask(self, text):
        self._number += 1
        end = f"end of {self._number}"
        lines = []
        try:
            self._process.stdin.write(f"{text}\n;\\echo {end}\n")
            self._process.stdin.flush()
            while (line := self._process.stdout.readline().removesuffix("\n")) != end:
                if line:
                    lines.append(line)
                elif self._process.poll() is not None:
                    raise BrokenPipeError
        except BrokenPipeError:
            self.close()
            self._complaints.seek(0)
            raise AssertionError(self._complaints.read()) from None
        return lines

    def close(self):
        self._process.kill()
        self._process.communicate()


class Line:
    """A line to a server that is cut once so many bytes have been sent to it."""

    def __init__(self, port):
        self.limit = None
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            left = [self.limit]
            threading.Thread(target=self._pass, args=(client, server, left), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, None), daemon=True).start()

    def _pass(self, source, target, left):
        try:
            while data := source.recv(16_384):
                if left and left[0] is not None:
                    data = data[:left[0]]
                    left[0] -= len(data)
                target.sendall(data)
                if left and left[0] == 0:
                    break
        except OSError:
            pass
        for end in (source, target):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
