"""The command line of tools/package, and what it does in which order."""
from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import archives, binary, tree
from .release import Release

DESCRIPTION = """\
Makes these files in dist/, or in the folder given:
  leasehold_VERSION_ARCH.deb              the Debian package
  leasehold-VERSION-linux-MACHINE.tar.xz  the same files for any other Linux, to unpack into /usr/local
  leasehold-VERSION-MACHINE.debug         the debug symbols, for gdb

The program is stripped, and linked statically except for the C and C++ libraries, zlib and SQLite. The package also has a man
page for each command, completions for bash, zsh and fish, a systemd user unit, the documents, and the licences of everything
that is linked in. Packaging the same program and commit twice gives the same bytes. If there are uncommitted changes, the
version ends in ".changed".

Without --binary the program is built first, in .build-static, which takes about eight minutes on two cores."""

EPILOG = """\
examples:
  tools/package                                    for users
  tools/package --binary .build/debug/leasehold    only to test the packaging: continuous integration does this, because a
                                                   static build takes too long there
  sudo apt install ./dist/leasehold_*.deb
  sudo tar -C /usr/local --strip-components=1 -xf dist/leasehold-*.tar.xz"""

NEEDED = (("dpkg-deb", "dpkg"), ("dpkg-shlibdeps", "dpkg-dev"), ("objcopy", "binutils"), ("strip", "binutils"))


def main(root: Path) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/package", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", metavar="DIR", type=Path, default=root / "dist", help="where to put the files (default: dist)")
    parser.add_argument("--binary", metavar="FILE", type=Path, help="package this program, built here by 'swift build'")
    parser.add_argument("--fast", action="store_true", help="compress less, in less time")
    options = parser.parse_args()
    for program, package in NEEDED:
        if shutil.which(program) is None:
            print(f"tools/package: {program} is needed: install your system's package {package}", file=sys.stderr)
            return 69
    try:
        release = Release.of(root)
        program = options.binary.resolve() if options.binary else binary.build(root, release)
        options.output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="leasehold-package-") as work:
            made = make(root, Path(work), release, program, options)
    except (binary.Failed, subprocess.CalledProcessError, OSError) as error:
        print(f"tools/package: {error}", file=sys.stderr)
        return 1
    for path in made:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"{digest}  {path.name}  {path.stat().st_size / 1e6:.1f} MB")
    return 0


def make(root: Path, work: Path, release: Release, program: Path, options: argparse.Namespace) -> list[Path]:
    """Gives what was made."""
    machine = binary.machine(program)
    debug = options.output / f"leasehold-{release.version}-{machine}.debug"
    stripped = binary.stripped(program, work / "leasehold", debug, options.fast)
    staged = tree.stage(root, work / "tree", release, stripped, program)
    depends = binary.depends(stripped, work)
    return [
        archives.debian(staged, work / "debian", release, depends, options.output, is_fast=options.fast),
        archives.tarball(staged, release, machine, options.output, is_fast=options.fast),
        debug,
    ]
