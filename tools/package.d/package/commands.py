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
Makes in dist/, or in the folder given:
  leasehold_VERSION_ARCH.deb              the Debian package
  leasehold-VERSION-linux-MACHINE.tar.xz  the same for any other Linux, to be unpacked into /usr/local
  leasehold-VERSION-MACHINE.debug         what a debugger wants to know, for gdb and the like

The program is linked statically, but for the C and C++ libraries, zlib and SQLite, and stripped. With it come a man page for
each command, completions for bash, zsh and fish, a systemd user unit, the documents, and the licences of all that is linked in.
The same program and the same commit give the same bytes; changes that are not committed make the version one of their own.

Without --binary the program is built first, in .build-static: about eight minutes on two cores."""

EPILOG = """\
examples:
  tools/package                                    for others
  tools/package --binary .build/debug/leasehold    quickly, to try the package itself: what continuous integration does,
                                                   where a static build would take too long
  sudo apt install ./dist/leasehold_*.deb
  sudo tar -C /usr/local --strip-components=1 -xf dist/leasehold-*.tar.xz"""

NEEDED = (("dpkg-deb", "dpkg"), ("dpkg-shlibdeps", "dpkg-dev"), ("objcopy", "binutils"), ("strip", "binutils"))


def main(root: Path) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/package", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", metavar="DIR", type=Path, default=root / "dist", help="where to put it (default: dist)")
    parser.add_argument("--binary", metavar="FILE", type=Path, help="package this program, which 'swift build' made here")
    parser.add_argument("--fast", action="store_true", help="compress little")
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
