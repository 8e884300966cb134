#!/usr/bin/env python3
# needs: machine
"""The Debian package, installed, tried by an ordinary user, upgraded, removed and purged; the tarball; the same bytes again.

usage: sudo LEASEHOLD=.build/debug/leasehold Tests/Integration/package.py [NAME...]

It installs a package and makes a user `leasehold-test`, and takes both back. Packaged is the static build of
.build-static, if it is newer than all sources, else LEASEHOLD. The Sandbox is that beside LEASEHOLD. What a shell or
program is needed for is skipped if it is missing; lintian, zsh, fish, man-db and systemd are worth having.
"""

import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

sys.dont_write_bytecode = True

from support import runner, terminal

ROOT = Path(__file__).resolve().parents[2]
USER = "leasehold-test"
PACKAGE = "leasehold"
RUN_AS_USER = [shutil.which("runuser") or "/usr/sbin/runuser", "-u", USER, "--"]
# Images of containers often leave man pages and documents out.
WHOLE = [f"-oDPkg::Options::=--path-include=/usr/share/{folder}/*" for folder in ("man", "doc")]


def output(*command, **options):
    """What a command prints, which must succeed."""
    done = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        stdin=subprocess.DEVNULL, **options)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout}")
    return done.stdout


def program():
    """What is packaged."""
    static = ROOT / ".build-static/release/leasehold"
    sources = [path for folder in ("Sources", "Migrations") for path in (ROOT / folder).rglob("*.*")]
    newest = max(path.stat().st_mtime for path in [*sources, ROOT / "Package.swift"])
    return static.resolve() if static.exists() and static.stat().st_mtime > newest else Path(os.environ["LEASEHOLD"])


def package(folder):
    """Runs tools/package, and gives the Debian package."""
    output(ROOT / "tools/package", "--fast", "--binary", program(), "--output", folder)
    return next(folder.glob("*.deb"))


def older(deb, folder):
    """The same package with a version of before."""
    output("dpkg-deb", "-R", deb, folder)
    control = folder / "DEBIAN/control"
    control.write_text(re.sub("^Version: .*", "Version: 0.0.9", control.read_text(), flags=re.MULTILINE))
    before = folder.with_suffix(".deb")
    output("dpkg-deb", "-Znone", "--build", folder, before)
    return before


def install(deb):
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return output("apt-get", "install", "-y", "-q", "--no-install-recommends", *WHOLE, deb, env=environment)


def is_missing(name):
    return shutil.which(name) is None


class Package(unittest.TestCase):
    """The tests run in the order of their names: what is installed is looked at before it is removed."""

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0 or is_missing("apt-get"):
            raise unittest.SkipTest("only root can install a package, and only where there is apt")
        if missing := [name for name in ("dpkg-deb", "dpkg-shlibdeps", "objcopy", "useradd") if is_missing(name)]:
            raise unittest.SkipTest(f"not installed: {', '.join(missing)}")
        query = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", PACKAGE]
        # A package that was removed, or whose removal was interrupted, may still be known.
        state = subprocess.run(query, capture_output=True, text=True).stdout
        if state not in ("", "not-installed", "config-files"):
            raise unittest.SkipTest(f"leasehold is {state} here, and may be in use")
        cls.work = Path(tempfile.mkdtemp(prefix="leasehold-package-test-"))
        cls.addClassCleanup(shutil.rmtree, cls.work, ignore_errors=True)
        # Everybody may read what is tried.
        cls.work.chmod(0o755)
        print(f"packaged is {program()}", flush=True)
        cls.now = package(cls.work / "now")
        cls.before = older(cls.now, cls.work / "before")
        cls.addClassCleanup(subprocess.run, ["dpkg", "--purge", PACKAGE], capture_output=True)
        cls.addClassCleanup(subprocess.run, ["userdel", "--remove", USER], capture_output=True)
        output("useradd", "--create-home", "--shell", "/bin/bash", USER)
        cls.home = Path(pwd.getpwnam(USER).pw_dir)
        cls.environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(cls.home), "USER": USER, "LC_ALL": "C.UTF-8", "TZ": "UTC"}

        cls.cloud = cls.start_sandbox()

    @classmethod
    def start_sandbox(cls):
        """Starts a small Blazar in memory, and gives the variables that name it."""
        program = shutil.copy(Path(os.environ["LEASEHOLD"]).with_name("Sandbox"), cls.work)
        clouds = cls.work / "clouds.yaml"
        sandbox = subprocess.Popen(
            [program, "--port", "0", "--leases", "12", "--write-clouds-yaml", clouds], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        cls.addClassCleanup(sandbox.wait)
        cls.addClassCleanup(sandbox.terminate)
        for _ in range(600):
            if clouds.exists() and "auth_url" in clouds.read_text():
                break
            time.sleep(0.1)
        clouds.chmod(0o644)
        return {"OS_CLOUD": "user1", "OS_CLIENT_CONFIG_FILE": str(clouds)}

    def as_user(self, *command, **more):
        """What an ordinary user's command prints."""
        return output(
            *RUN_AS_USER, *command, env={**self.environment, **more}, cwd=self.home)

    def on_terminal(self, *command, timeout=300, **more):
        """The same on a terminal, with the status."""
        return terminal.run(
            [*RUN_AS_USER, *command], {**self.environment, **more}, self.home, timeout=timeout)

    def contents(self):
        """The files that belong to the package."""
        listed = [Path(line) for line in output("dpkg", "-L", PACKAGE).splitlines()]
        return [path for path in listed if path.is_file()]

    # MARK: Before it is installed

    def test_0_the_same_bytes_again(self):
        again = package(self.work / "again")
        for file in sorted(self.now.parent.iterdir()):
            self.assertEqual(file.read_bytes(), (again.parent / file.name).read_bytes(), file.name)

    def test_0_tarball(self):
        prefix = self.work / "prefix"
        prefix.mkdir()
        archive = next(self.now.parent.glob("*.tar.xz"))
        output("tar", "-C", prefix, "--strip-components=1", "-xf", archive)
        self.assertRegex(self.as_user(prefix / "bin/leasehold", "--version"), r"^\d+\.\d+\.\d+")
        self.assertTrue((prefix / "share/man/man1/leasehold-list.1.gz").exists())
        self.assertFalse((prefix / "share/lintian").exists())

    @unittest.skipIf(is_missing("lintian"), "lintian is not installed")
    def test_0_lintian_finds_nothing(self):
        command = ["lintian", "--allow-root", "--fail-on", "error,warning"]
        if ".build-static" not in str(program()):
            # Only a static build needs no libraries of Swift's.
            command += ["--suppress-tags", "custom-library-search-path"]
        output(*command, self.now)

    # MARK: Installed

    def test_1_upgrade(self):
        install(self.before)
        self.assertIn("Version: 0.0.9", output("dpkg", "-s", PACKAGE))
        self.as_user("leasehold", "sync", **self.cloud)
        before = self.as_user("leasehold", "list", "-a", "-f", "json", "-q")
        install(self.now)
        self.assertNotIn("Version: 0.0.9", output("dpkg", "-s", PACKAGE))
        self.assertIn("bulk-000012", before)
        self.assertEqual(self.as_user("leasehold", "list", "-a", "-f", "json", "-q"), before)
        depends = output("dpkg-query", "-W", "-f", "${Depends}", PACKAGE)
        for name in ("libsqlite3-0", "ca-certificates", "tzdata"):
            self.assertIn(name, depends)

    def test_2_doctor(self):
        text, status = self.on_terminal("leasehold", "doctor")
        self.assertEqual(status, 78, text)
        self.assertIn("clouds.yaml", text)
        self.assertRegex(self.as_user("leasehold", "--version"), r"^\d+\.\d+\.\d+( \(\S+\))?\n$")

    def test_2_demo(self):
        """The commands of tools/demo, with the installed program."""
        script = (ROOT / "tools/demo").read_text()
        words = script[script.index("bold="):script.index("command -v swift")]
        steps = script[script.index('say "One sync'):]
        text, status = self.on_terminal(
            "bash", "-c", f"set -euo pipefail\n{words}\n{steps}", timeout=600, **self.cloud)
        self.assertEqual(status, 0, text)
        for word in ("first-lease", "on-the-train", "ACTIVE", "queued", "PENDING"):
            self.assertIn(word, text)
        self.assertIn("Blazar answers", self.as_user(
            "leasehold", "doctor", **self.cloud))

    @unittest.skipIf(is_missing("man"), "man is not installed")
    def test_2_man(self):
        for page, word in ("leasehold", "SEE ALSO"), ("leasehold-create", "--node"), ("leasehold-queue-resolve", "EXAMPLES"):
            text, status = self.on_terminal("man", page, MANPAGER="cat", MANWIDTH="90")
            self.assertEqual(status, 0, text)
            # Bold and underlined letters are struck twice.
            self.assertIn(word, re.sub(".\x08", "", text))
        for page in Path("/usr/share/man/man1").glob("leasehold*.gz"):
            self.assertEqual(self.warnings(page), "", page.name)

    def warnings(self, page):
        return subprocess.run(
            ["man", "--warnings", "-l", "-Tutf8", "-Z", page], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, env={**self.environment, "MANWIDTH": "80"}).stderr

    def test_2_completion_of_bash(self):
        script = ". /usr/share/bash-completion/completions/leasehold; COMP_WORDS=(leasehold flo) COMP_CWORD=1 " \
            "COMP_LINE='leasehold flo' COMP_POINT=13; complete -p leasehold; _leasehold leasehold flo leasehold; " \
            "echo \"${COMPREPLY[@]}\""
        shown = self.as_user("bash", "--norc", "-c", script)
        self.assertIn("complete ", shown)
        self.assertIn("floating-ips", shown)

    @unittest.skipIf(is_missing("zsh"), "zsh is not installed")
    def test_2_completion_of_zsh(self):
        script = "autoload -Uz compinit; compinit -u; print $_comps[leasehold]; autoload +X _leasehold; " \
            "whence -w _leasehold"
        self.assertEqual(self.as_user("zsh", "-f", "-c", script).split("\n")[:2], ["_leasehold", "_leasehold: function"])

    @unittest.skipIf(is_missing("fish"), "fish is not installed")
    def test_2_completion_of_fish(self):
        shown = self.as_user("fish", "-c", "complete -C 'leasehold flo'")
        self.assertIn("floating-ips", shown)

    @unittest.skipIf(is_missing("systemd-analyze"), "systemd is not installed")
    def test_2_units(self):
        runtime = self.home / "runtime"
        runtime.mkdir(exist_ok=True)
        shutil.chown(runtime, USER)
        units = [path for path in self.contents() if path.suffix == ".service"]
        self.assertEqual([unit.name for unit in units], ["leasehold-sync.service", "leasehold-web.service"])
        shown = self.as_user("systemd-analyze", "--user", "verify", *units, XDG_RUNTIME_DIR=str(runtime))
        self.assertEqual(shown, "")

    def test_2_documents(self):
        folder = Path("/usr/share/doc/leasehold")
        names = {path.name for path in self.contents() if folder in path.parents}
        self.assertLessEqual({"README.md", "CHANGELOG.md", "copyright", "apache-2.0.txt", "login.md"}, names)
        licences = (folder / "copyright").read_text()
        for name in ("grdb", "swift-nio", "async-http-client", "yams", "libyaml", "icu", "swift"):
            self.assertRegex(licences, rf"(?m)^={{78}}\n[^=]*\b{name}\b")

    # MARK: Removed

    def test_3_nothing_stays_but_the_user_s_data(self):
        files = self.contents()
        self.assertGreater(len(files), 70)
        output("dpkg", "--remove", PACKAGE)
        output("dpkg", "--purge", PACKAGE)
        self.assertEqual([str(path) for path in files if path.exists()], [])
        left = output("find", "/usr", "/etc", "/var/lib/dpkg/info", "/lib/systemd", "-name", "*leasehold*").split()
        self.assertEqual(left, [])
        self.assertTrue((self.home / ".local/share/leasehold/leasehold.sqlite").exists())


if __name__ == "__main__":
    runner.main()
