"""Lays out what is installed, below a folder that stands for the root of a machine."""
from __future__ import annotations

import gzip
import json
import os
import subprocess
import time
from pathlib import Path

from . import licences, manual
from .release import Release

#: Where each shell looks for completions of packages.
COMPLETIONS = {
    "bash": "bash-completion/completions/leasehold", "zsh": "zsh/vendor-completions/_leasehold",
    "fish": "fish/vendor_completions.d/leasehold.fish",
}
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")

CHANGELOG = """\
leasehold ({version}) unstable; urgency=medium

  * Built from {build}; CHANGELOG.md has what changed.

 -- Leasehold developers <leasehold@packages.invalid>  {date}
"""


def stage(root: Path, to: Path, release: Release, stripped: Path, program: Path) -> Path:
    """Gives the folder."""
    share = to / "usr/share"
    put(to / "usr/bin/leasehold", stripped.read_bytes(), mode=0o755)
    for unit in sorted((root / "tools/package.d/units").iterdir()):
        put(to / "usr/lib/systemd/user" / unit.name, unit.read_bytes())
    for shell, name in COMPLETIONS.items():
        script = said(program, "completion", shell)
        # It is read, not run.
        put(share / name, script.split(b"\n", 1)[1] if script.startswith(b"#!") else script)
    help_text = json.loads(said(program, "--experimental-dump-help"))
    for name, page in manual.pages(help_text["command"], release).items():
        put(share / "man/man1" / f"{name}.gz", packed(page.encode()))
    documents = share / "doc/leasehold"
    for source in [*(root / name for name in DOCUMENTS), *sorted((root / "docs").iterdir())]:
        put(documents / source.relative_to(root), source.read_bytes())
    put(documents / licences.APACHE_FILE, (root / "LICENSE").read_bytes())
    put(documents / "copyright", licences.copyright(licences.texts(root, program)).encode())
    date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(release.epoch))
    changelog = CHANGELOG.format(version=release.version, build=release.build, date=date)
    put(documents / "changelog.gz", packed(changelog.encode()))
    put(share / "lintian/overrides/leasehold", (root / "tools/package.d/lintian-overrides").read_bytes())
    return to


def said(program: Path, *words: str) -> bytes:
    """What the program prints; it knows nothing of the person who makes the package."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
    return subprocess.run([program, *words], check=True, capture_output=True, env=environment).stdout


def packed(content: bytes) -> bytes:
    return gzip.compress(content, 9, mtime=0)


def put(path: Path, content: bytes, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(mode)
