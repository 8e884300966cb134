"""Builds the program, strips it, and finds out what it needs."""
from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from .release import Release

#: Without the list of its own symbols, which only plug-ins would need, and without looking for libraries beside itself, it
#: starts faster. The build id tells which debug file belongs to it.
FLAGS = [
    "--static-swift-stdlib", "--disable-local-rpath", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--build-id=sha1",
]


class Failed(Exception):
    """The program cannot be packaged."""


def build(root: Path, release: Release) -> Path:
    """Builds the program as others get it."""
    scratch = root / ".build-static"
    command = [
        "swift", "build", "-c", "release", "--product", "leasehold", "--package-path", str(root), "--scratch-path",
        str(scratch), *FLAGS,
    ]
    subprocess.run(command, check=True, env={**os.environ, "LEASEHOLD_BUILD": release.build})
    shown = subprocess.run([*command, "--show-bin-path"], check=True, capture_output=True, text=True).stdout
    return (Path(shown.strip()) / "leasehold").resolve()


def machine(program: Path) -> str:
    """The processor that it runs on, as `uname -m` has it."""
    head = subprocess.run(["readelf", "-h", program], check=True, capture_output=True, text=True).stdout
    names = {"X86-64": "x86_64", "AArch64": "aarch64"}
    for word, name in names.items():
        if word in head:
            return name
    raise Failed(f"{program} is no program for {' or '.join(names.values())}")


def stripped(program: Path, to: Path, debug: Path, is_fast: bool) -> Path:
    """Copies the program without what only a debugger reads, which goes into a file of its own."""
    compression = [] if is_fast else ["--compress-debug-sections"]
    subprocess.run(["objcopy", "--only-keep-debug", *compression, program, debug], check=True)
    debug.chmod(0o644)
    subprocess.run(["strip", "--strip-all", "--remove-section=.comment", "-o", to, program], check=True)
    subprocess.run(["objcopy", f"--add-gnu-debuglink={debug}", to], check=True)
    return to


def depends(program: Path, work: Path) -> str:
    """The packages that it needs, in Debian's words: those of its libraries, and what it reads at run time."""
    (work / "debian").mkdir()
    (work / "debian/control").write_text("Source: leasehold\n\nPackage: leasehold\nArchitecture: any\n")
    # A program that is not linked statically needs Swift's libraries, which no package has.
    found = subprocess.run(
        ["dpkg-shlibdeps", "-O", "--ignore-missing-info", "--warnings=0", "-e", program], cwd=work, check=True,
        capture_output=True, text=True).stdout
    libraries = re.search(r"^shlibs:Depends=(.*)$", found, re.MULTILINE)
    if libraries is None:
        raise Failed(f"dpkg-shlibdeps finds no libraries of {program}: {found}")
    return ", ".join(sorted({*libraries[1].split(", "), "ca-certificates", "tzdata"}))
