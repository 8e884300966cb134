#!/usr/bin/env python3
# needs: nothing
"""Broken configuration and databases: one sentence, the right status, and nothing is lost. Needs no cloud.

usage: LEASEHOLD=.build/debug/leasehold Tests/Integration/bad_input.py [NAME...]
"""

import contextlib
import os
import sqlite3
import subprocess
import sys

sys.dont_write_bytecode = True

from support import runner
from support.fake_case import FakeCloudCase
from support.fake_cloud import PASSWORD, lease


class Configuration(FakeCloudCase):
    """Errors in clouds.yaml, or in names."""

    def break_clouds(self, text):
        (self.folder / "clouds.yaml").write_text(text)

    def test_broken_yaml_names_the_line(self):
        self.break_clouds("clouds:\n  lab:\n    auth:\n      auth_url: 'http://x\n   password: [secret-in-file\n")
        result = self.fail_with(78, "sync", words=("clouds.yaml", "line|:[0-9]"))
        self.assertNotIn("secret-in-file", result.err)

    def test_a_tab_in_clouds_yaml_names_its_line(self):
        self.break_clouds("clouds:\n  lab:\n\tauth: {}\n")
        self.fail_with(78, "sync", words=("clouds.yaml", "line 3|:3"))

    def test_an_entry_without_auth_url(self):
        entry = self.cloud.entry(auth_url=None)
        self.write_clouds(lab=entry)
        self.fail_with(78, "sync", words=("lab", "auth_url", "clouds.yaml"))

    def test_an_entry_without_a_password(self):
        self.write_clouds(lab=self.cloud.entry(password=None))
        self.fail_with(78, "sync", words=("lab", "password"))

    def test_an_unknown_cloud_with_a_suggestion(self):
        self.write_clouds(chi_uc=self.cloud.entry(), chi_tacc=self.cloud.entry())
        self.fail_with(78, "sync", "--os-cloud", "chi_tac", words=("chi_tac\\b", "chi_tacc", "did you mean"))

    def test_no_configuration_at_all(self):
        (self.folder / "clouds.yaml").unlink()
        del self.environment["OS_CLOUD"]
        self.fail_with(78, "sync", words=("clouds.yaml", "OS_"))

    def test_an_unknown_kind_of_credentials(self):
        self.write_clouds(lab={**self.cloud.entry(), "auth_type": "v3kerberos"})
        self.fail_with(78, "sync", words=("lab", "v3kerberos"))

    def test_a_certificate_file_that_is_not_there(self):
        self.write_clouds(lab={**self.cloud.entry(), "cacert": "/no/such/ca.pem"})
        self.fail_with(78, "sync", words=("/no/such/ca.pem",))

    def test_a_timeout_that_is_no_number(self):
        self.fail_with(78, "sync", words=("LEASEHOLD_TIMEOUT_SECONDS",), env={"LEASEHOLD_TIMEOUT_SECONDS": "soon"})

    def test_nothing_was_ever_synced(self):
        for command in (["list"], ["show", "x"], ["id", "x"], ["status"], ["history", "x"], ["changes"], ["hosts"]):
            with self.subTest(command[0]):
                self.fail_with(73, *command, words=(str(self.database), "leasehold sync"))
        self.assertFalse(self.database.exists(), "a reading command made a database")

    def test_a_wrong_command_line(self):
        for command in (["list", "--status", "ACITVE"], ["list", "-c", "nmae"], ["sync", "--watch", "--interval", "1s"],
                        ["list", "--active-at", "whenever"]):
            with self.subTest(" ".join(command)):
                if not self.database.exists():
                    self.seed(1)
                self.assertEqual(self.run_command(*command).status, 64)


class Files(FakeCloudCase):
    """The file, or the disk that it is on, cannot be used."""

    def test_a_folder_that_cannot_be_written(self):
        locked = self.folder / "locked"
        locked.mkdir()
        locked.chmod(0o555)
        self.folder.chmod(0o755)
        self.fail_with(73, "sync", "--db", locked / "new.sqlite", words=(str(locked), "--db"),
                       preexec=self.unprivileged())
        self.fail_with(73, "sync", "--db", locked / "deep" / "new.sqlite", words=(str(locked), "--db"),
                       preexec=self.unprivileged())
        self.assertEqual(list(locked.iterdir()), [])

    def test_a_database_that_may_be_read_and_not_written(self):
        before = self.seed(5)
        self.folder.chmod(0o755)
        for file in self.database.parent.iterdir():
            file.chmod(0o444)
        self.database.parent.chmod(0o555)
        try:
            result = self.fail_with(73, "sync", words=(str(self.database), "permissions"),
                                    preexec=self.unprivileged())
            self.assertIn("--db", result.err)
            reading = self.run_command("list", "-f", "json", preexec=self.unprivileged())
            if reading.status == 0:
                self.assertEqual(len(reading.json), 5)
            else:
                self.assertEqual(reading.status, 73, str(reading))
        finally:
            self.database.parent.chmod(0o700)
        self.assertEqual(self.mirror(), before)

    def unprivileged(self):
        """Gives the child process a user who is subject to permissions."""
        if os.getuid() != 0:
            return None

        def drop():
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
        return drop

    def test_a_file_that_is_not_a_database(self):
        text = self.folder / "notes.txt"
        text.write_bytes(b"Dear diary, " * 1000)
        for command in (["sync"], ["list"], ["db", "check"]):
            with self.subTest(command[0]):
                self.fail_with(73, *command, "--db", text, words=("notes.txt", "not a", "--db"))
        self.assertEqual(text.read_bytes(), b"Dear diary, " * 1000)
        self.assertEqual([p.name for p in self.folder.iterdir() if "notes" in p.name], ["notes.txt"])

    def test_a_folder_in_place_of_the_file(self):
        self.fail_with(73, "sync", "--db", self.folder, words=("folder", "--db"))

    def test_the_database_of_another_program(self):
        other = self.folder / "other.sqlite"
        with contextlib.closing(sqlite3.connect(other)) as connection:
            connection.execute("CREATE TABLE recipe (name TEXT)")
            connection.execute("INSERT INTO recipe VALUES ('soup')")
            connection.commit()
        content = other.read_bytes()
        for command in (["sync"], ["list"]):
            with self.subTest(command[0]):
                self.fail_with(73, *command, "--db", other, words=("other.sqlite", "another program", "--db"))
        with contextlib.closing(sqlite3.connect(other)) as connection:
            self.assertEqual(connection.execute("SELECT name FROM sqlite_master").fetchall(), [("recipe",)])
            self.assertEqual(connection.execute("SELECT name FROM recipe").fetchall(), [("soup",)])
        self.assertEqual(other.read_bytes(), content, "another program's file was changed")

    def test_a_database_from_the_future(self):
        before = self.seed(5)
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            connection.execute("PRAGMA user_version = 4711")
        for command in (["sync"], ["list"]):
            with self.subTest(command[0]):
                self.fail_with(73, *command, words=(str(self.database), "newer", "4711"))
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        self.assertEqual(self.mirror(), before)
        self.assertEqual(len(self.rows("list")), 5)

    def test_a_damaged_database(self):
        self.seed(200)
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = self.database.stat().st_size
        with open(self.database, "r+b") as file:
            file.seek(4096)
            file.write(b"\xa5" * (size - 8192))
        damaged = self.database.read_bytes()
        self.fail_with(73, "list", words=(str(self.database), "damaged", "db backup"))
        self.fail_with(73, "sync", words=(str(self.database), "damaged", "db backup"))
        check = self.run_command("db", "check")
        self.assertEqual(check.status, 73, str(check))
        self.assertIn("damaged", check.err)
        self.assertEqual(len(self.database.read_bytes()), len(damaged))

    def test_a_truncated_database(self):
        self.seed(200)
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with open(self.database, "r+b") as file:
            file.truncate(self.database.stat().st_size // 2 // 4096 * 4096)
        self.fail_with(73, "list", words=(str(self.database), "damaged"))

    def test_a_full_disk(self):
        disk = self.mount("2m")
        self.environment["LEASEHOLD_DB"] = str(disk / "leasehold.sqlite")
        self.database = disk / "leasehold.sqlite"
        before = self.seed(20)
        self.cloud.leases = [lease(number) for number in range(3000)]
        self.fail_with(73, "sync", words=("lab|leasehold.sqlite", "full|room"))
        rows = self.rows("list")
        self.assertGreaterEqual(len(rows), 20)
        self.assertEqual(self.query("PRAGMA integrity_check"), [("ok",)])
        known = {row["id"] for row in rows}
        self.assertLessEqual({row[1] for row in before["lease"]}, known)
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        self.succeed("sync")
        self.assertEqual(len(self.rows("list")), 3000)

    def test_a_disk_that_is_full_from_the_beginning(self):
        disk = self.mount("64k")
        with contextlib.suppress(OSError):
            (disk / "ballast").write_bytes(b"x" * (1 << 20))
        self.cloud.leases = [lease(1)]
        self.fail_with(73, "sync", "--db", disk / "leasehold.sqlite", words=("leasehold.sqlite", "full|room|no space"))

    def mount(self, size):
        """A small disk for one test."""
        disk = self.folder / "disk"
        disk.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "leasehold-test", disk],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"a small disk cannot be mounted here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", "-l", disk], check=True)
        return disk

    def test_a_database_that_somebody_else_has_locked_is_read(self):
        self.seed(5)
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            self.assertEqual(len(self.rows("list")), 5)
            connection.execute("ROLLBACK")

    def test_file_and_folder_are_private(self):
        old = os.umask(0)
        try:
            self.seed(1)
        finally:
            os.umask(old)
        self.assertEqual(self.database.stat().st_mode & 0o777, 0o600)
        self.assertEqual(self.database.parent.stat().st_mode & 0o777, 0o700)
        self.assertEqual({p.stat().st_mode & 0o777 for p in self.database.parent.iterdir()}, {0o600})

    def test_a_backup_never_overwrites(self):
        self.seed(3)
        copy = self.folder / "copy.sqlite"
        self.succeed("db", "backup", copy)
        self.assertEqual(len(self.rows("list", "--db", copy)), 3)
        self.assertEqual(copy.stat().st_mode & 0o777, 0o600)
        content = copy.read_bytes()
        self.fail_with(73, "db", "backup", copy, words=("copy.sqlite",))
        self.assertEqual(copy.read_bytes(), content)

    def test_sql_cannot_write(self):
        before = self.seed(3)
        for statement in ("DELETE FROM lease", "DROP TABLE lease", "PRAGMA user_version = 9", "CREATE TABLE t (a)"):
            with self.subTest(statement):
                result = self.run_command("db", "sql", statement)
                if not statement.startswith("PRAGMA"):
                    self.assertNotEqual(result.status, 0, str(result))
        self.assertEqual(self.mirror(), before)
        self.succeed("list")


if __name__ == "__main__":
    runner.main()
