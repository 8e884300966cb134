#!/usr/bin/env python3
# needs: nothing
"""Files that must not be opened, replaced or waited for: one sentence at once, and nothing is lost. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/files.py [NAME...]
"""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import lease, send_json

ROUNDS = int(os.environ.get("LEASEHOLD_IMPORT_ROUNDS", "18"))
# Far less than forever, and far more than a busy machine needs for an answer.
AT_ONCE = 30


class Files(FakeCloudCase):
    def fail_at_once(self, status, *arguments, words=(), **options):
        """The command ends like this, without waiting for anything."""
        return self.fail_with(status, *arguments, words=words, timeout=AT_ONCE, **options)

    def other_names(self):
        """The database by the names of a symbolic link and a hard link, and through a linked folder."""
        data = self.database.parent
        (self.folder / "link.sqlite").symlink_to(self.database)
        os.link(self.database, self.folder / "hard.sqlite")
        (self.folder / "linked").symlink_to(data)
        return {"itself": self.database, "symbolic": self.folder / "link.sqlite", "hard": self.folder / "hard.sqlite",
                "folder": self.folder / "linked" / self.database.name}

    def snapshot(self):
        """The files next to the database, and the contents of the mirror."""
        return sorted(p.name for p in self.database.parent.iterdir() if "-wal" not in p.name and "-shm" not in p.name), \
            self.mirror()


class Import(Files):
    """The open database is never opened other than by SQLite, which would lose its locks when that file is closed."""

    def test_the_open_database_is_passed_over_by_any_name(self):
        self.seed(20)
        before = self.mirror()
        saved = self.folder / "saved.json"
        saved.write_text(self.succeed("list", "-f", "json").out)
        for name, path in self.other_names().items():
            with self.subTest(name):
                result = self.succeed("history", "import", path, saved)
                self.assertRegex(result.err, "skipped.*database in use")
                alone = self.succeed("history", "import", path)
                self.assertRegex(alone.err, "skipped")
        self.assertEqual(self.mirror(), before)

    def test_what_belongs_to_the_open_database_is_refused(self):
        self.seed(3)
        for ending in ("-wal", "-shm"):
            (self.folder / f"link{ending}").symlink_to(f"{self.database}{ending}")
            for path in (f"{self.database}{ending}", self.folder / f"link{ending}"):
                with self.subTest(str(path)):
                    self.fail_with(65, "history", "import", path, words=("belongs to the database",))
        self.assertEqual(len(self.rows("list")), 3)

    def test_nothing_is_lost_while_another_process_syncs(self):
        count = 400
        self.seed(count)
        other = self.folder / "other.sqlite"
        self.succeed("db", "backup", other)
        names = list(self.other_names().values())
        generation = [0]

        def changing(handler):
            generation[0] += 1
            send_json(handler, {"leases": [
                lease(number, name=f"lease-{number}-{generation[0]}") for number in range(count)]})
        self.cloud.list_fault = changing
        stopped, problems = threading.Event(), []

        def sync():
            while not stopped.is_set():
                result = self.run_command("sync", "--no-resources")
                if result.status != 0:
                    problems.append(str(result))
        thread = threading.Thread(target=sync)
        thread.start()
        try:
            for number in range(ROUNDS):
                self.succeed("history", "import", names[number % len(names)], other)
        finally:
            stopped.set()
            thread.join()
        self.assertEqual(problems, [])
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(self.query("SELECT count(*) FROM lease WHERE gone IS NULL"), [(count,)])
        self.assertEqual(len(self.rows("list")), count)
        # Each list updated the names: none of them is older than the last list.
        self.succeed("sync", "--no-resources")
        self.assertEqual({row["name"].rsplit("-", 1)[1] for row in self.rows("list")}, {str(generation[0])})

    def test_what_is_piped_in_is_read(self):
        self.seed(3)
        text = self.succeed("list", "-f", "json").out
        (self.folder / "saved.json").write_text(text)
        command = '"$LEASEHOLD" history import <(sleep 0.3; cat saved.json) -f json'
        done = self.bash(command)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(sum(row.get("leases", 0) for row in json.loads(done.stdout)), 3, done.stdout)

    def bash(self, command):
        return subprocess.run(
            ["bash", "-c", command], env={**self.environment, "LEASEHOLD": os.environ["LEASEHOLD"]}, cwd=self.folder,
            capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)

    def test_a_database_that_is_piped_in_is_refused(self):
        self.seed(1)
        self.succeed("db", "backup", self.folder / "other.sqlite")
        done = self.bash('"$LEASEHOLD" history import <(cat other.sqlite)')
        self.assertEqual(done.returncode, 65, done.stderr)
        self.assertIn("pipe", done.stderr)

    def test_a_draft_may_be_piped_in(self):
        self.seed(1)
        (self.folder / "draft.json").write_text(json.dumps(
            {"name": "again", "start_date": "2030-01-01 00:00", "end_date": "2030-01-02 00:00", "reservations": [
                {"resource_type": "virtual:floatingip", "network_id": "n1", "amount": 1}]}))
        done = self.bash('"$LEASEHOLD" create --from <(cat draft.json) --dry-run -f json')
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(json.loads(done.stdout)["name"], "again")


class Outputs(Files):
    """-o and copies replace only plain files, and none of the program's own."""

    reports = (["report", "hours"], ["export", "ical"])

    def each(self):
        for report in self.reports:
            for format in ([], ["-f", "csv"]) if report[0] == "report" else ([],):
                yield [*report, *format]

    def test_the_database_is_never_replaced(self):
        self.seed(5)
        names = self.other_names()
        for ending in ("-wal", "-shm", "-journal", "-sender-1"):
            names[ending] = f"{self.database}{ending}"
        before = self.snapshot()
        for name, path in names.items():
            for report in self.each():
                with self.subTest(f"{name} {report}"):
                    self.fail_at_once(64, *report, "-o", path, words=("belongs to the database", "-o"))
        for name in ("-wal", "-journal"):
            self.fail_at_once(73, "db", "backup", f"{self.database}{name}", words=("database itself",))
        self.assertEqual(self.snapshot(), before)

    def test_another_database_is_not_replaced(self):
        self.seed(5)
        other = self.folder / "other.sqlite"
        self.succeed("db", "backup", other)
        content = other.read_bytes()
        self.fail_at_once(64, "report", "hours", "-o", other, words=("other.sqlite",))
        self.assertEqual(other.read_bytes(), content)

    def test_a_device_is_written_to_and_stays(self):
        self.seed(5)
        null = self.folder / "null"
        try:
            os.mknod(null, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError:
            null = None
        (self.folder / "link").symlink_to("/dev/null")
        for path in filter(None, (null, self.folder / "link", "/dev/null")):
            for report in self.each():
                with self.subTest(f"{path} {report}"):
                    self.succeed(*report, "-o", path)
                    self.assertTrue(stat.S_ISCHR(os.stat(path).st_mode), path)
        self.assertTrue(stat.S_ISCHR(os.stat("/dev/null").st_mode))

    def test_a_full_device_is_an_error(self):
        self.seed(5)
        self.fail_at_once(74, "report", "hours", "-o", "/dev/full", words=("space|written",))

    def test_a_pipe_is_written_to(self):
        self.seed(5)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        expected = self.succeed("report", "hours", "-f", "csv").out
        got = []
        thread = threading.Thread(target=lambda: got.append(pipe.read_bytes().decode()))
        thread.start()
        self.succeed("report", "hours", "-f", "csv", "-o", pipe)
        thread.join()
        self.assertEqual(got[0].splitlines()[0], expected.splitlines()[0])
        self.assertEqual(len(got[0].splitlines()), 2)
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))

    def test_what_cannot_be_written_to_is_left(self):
        self.seed(5)
        pipe, folder, plug = self.folder / "pipe", self.folder / "folder", self.folder / "socket"
        os.mkfifo(pipe)
        folder.mkdir()
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(plug))
            for path, word in ((pipe, "nobody reads"), (folder, "folder"), (plug, "socket"),
                               (self.folder / "no" / "file", "no such")):
                with self.subTest(path.name):
                    self.fail_at_once(74, "report", "hours", "-o", path, words=(word, "-o"))
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode) and folder.is_dir())

    def test_through_a_link_the_file_is_replaced_and_keeps_its_permissions(self):
        self.seed(5)
        file, link = self.folder / "report.csv", self.folder / "link.csv"
        file.write_text("old")
        file.chmod(0o640)
        link.symlink_to("report.csv")
        self.succeed("report", "hours", "-f", "csv", "-o", link)
        self.assertTrue(link.is_symlink())
        self.assertIn("node_hours", file.read_text())
        self.assertEqual(file.stat().st_mode & 0o777, 0o640)
        self.assertEqual([p.name for p in self.folder.iterdir() if ".part" in p.name], [])


class Database(Files):
    """The database is a plain file, by whatever name it is reached."""

    reading = (["list"], ["id", "x"], ["db", "check"], ["status"])
    writing = (["sync"], ["create", "x", "--node", "amount=1", "--duration", "1h", "--offline"])

    def test_what_is_no_file_is_refused_at_once(self):
        pipe, loop, plug = self.folder / "pipe", self.folder / "loop", self.folder / "socket"
        os.mkfifo(pipe)
        loop.symlink_to("loop")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(plug))
            for path, word in ((pipe, "pipe"), ("/dev/null", "device"), ("/dev/zero", "device"), (loop, "symbolic"),
                               (plug, "socket"), (self.folder, "folder")):
                for command in (*self.reading, *self.writing):
                    with self.subTest(f"{path} {command}"):
                        self.fail_at_once(73, *command, "--db", path, words=(word, "--db"))

    def test_what_stands_where_sqlite_or_the_lock_has_its_file_is_said(self):
        self.seed(3)
        for ending in ("-wal", "-shm", "-journal"):
            beside = self.folder / f"copy{ending[1:]}.sqlite"
            self.succeed("db", "backup", beside)
            for kind in (os.mkdir, os.mkfifo):
                path = f"{beside}{ending}"
                kind(path)
                for command in (["list"], ["sync"]):
                    with self.subTest(f"{ending} {kind.__name__} {command}"):
                        self.fail_at_once(73, *command, "--db", beside, words=(ending, "folder|pipe"))
                os.rmdir(path) if os.path.isdir(path) else os.unlink(path)
            self.assertEqual(len(self.rows("list", "--db", beside)), 3)

    def test_no_lock_no_sending(self):
        self.seed(3)
        self.succeed("create", "x", "--node", "amount=1", "--duration", "1h", "--offline")
        (site, project), = self.query("SELECT DISTINCT site_id, project_id FROM mutation")
        lock = self.database.parent / f"{self.database.name}-sender-{site}-{project}"
        for kind in (os.mkdir, os.mkfifo):
            if lock.exists():
                lock.rmdir() if lock.is_dir() else lock.unlink()
            kind(lock)
            with self.subTest(kind.__name__):
                result = self.run_command("sync", timeout=AT_ONCE)
                self.assertEqual(result.status, 73, str(result))
                self.assertRegex(result.err, "lock .*folder|lock .*pipe")
                self.assertNotIn("Another process is sending", result.err)
        self.assertNotIn("POST /reservation/v1/leases", self.cloud.requests)

    def test_one_lock_and_one_log_through_a_link(self):
        self.seed(3)
        self.succeed("create", "x", "--node", "amount=1", "--duration", "1h", "--offline")
        link = self.folder / "elsewhere.sqlite"
        link.symlink_to(self.database)
        self.run_command("sync", "--db", link)
        self.assertEqual([p.name for p in self.folder.iterdir() if p.name.startswith("elsewhere.sqlite-")], [])
        self.assertTrue([p for p in self.database.parent.iterdir() if "-sender-" in p.name])
        self.assertEqual(len(self.rows("list", "--db", link)), len(self.rows("list")))

    def test_a_link_to_a_database_that_is_still_to_be_made(self):
        link, real = self.folder / "link.sqlite", self.folder / "real" / "new.sqlite"
        link.symlink_to("real/new.sqlite")
        self.cloud.leases = [lease(1)]
        self.succeed("sync", "--db", link)
        self.assertTrue(link.is_symlink() and real.is_file())
        self.assertEqual(real.stat().st_mode & 0o777, 0o600)
        self.assertEqual(len(self.rows("list", "--db", real)), 1)


class Inputs(Files):
    """A pipe without a writer is abandoned, wherever a file is read."""

    def test_a_silent_pipe(self):
        self.seed(2)
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        broken = {"OS_CLIENT_CONFIG_FILE": str(pipe)}
        for status, command, env in (
                (66, ["create", "--from", pipe], {}), (66, ["history", "import", pipe], {}),
                (66, ["report", "su", "--rates", pipe], {}), (78, ["sync"], broken),
                (78, ["report", "su"], {"LEASEHOLD_POLICY": str(pipe)})):
            with self.subTest(" ".join(map(str, command))):
                self.fail_at_once(status, *command, env=env, words=("pipe",))
        self.write_clouds(lab={**self.cloud.entry(), "cacert": str(pipe)})
        self.assertEqual(self.run_command("sync", timeout=AT_ONCE).status, 78)

    def test_folders_and_disks(self):
        self.seed(2)
        for command in (["create", "--from"], ["history", "import"], ["report", "su", "--rates"]):
            with self.subTest(" ".join(command)):
                self.fail_at_once(66, *command, self.folder, words=("folder",))

    def test_clouds_may_come_out_of_a_pipe(self):
        self.cloud.leases = [lease(1)]
        pipe = self.folder / "secrets"
        os.mkfifo(pipe)
        text = (self.folder / "clouds.yaml").read_text()
        (self.folder / "clouds.yaml").unlink()
        stopped = threading.Event()

        def write():
            while not stopped.is_set():
                try:
                    descriptor = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
                except OSError:
                    time.sleep(0.02)
                    continue
                os.write(descriptor, text.encode())
                os.close(descriptor)
                time.sleep(0.1)
        thread = threading.Thread(target=write)
        thread.start()
        try:
            self.succeed("sync", env={"OS_CLIENT_CONFIG_FILE": str(pipe)})
        finally:
            stopped.set()
            thread.join()
        self.assertEqual(len(self.rows("list")), 1)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    runner.main()
