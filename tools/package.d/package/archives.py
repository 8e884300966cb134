"""Puts a folder into archives, so that the same folder gives the same bytes."""
from __future__ import annotations

import hashlib
import lzma
import os
import subprocess
import tarfile
from pathlib import Path

from .release import Release

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

CONTROL = """\
Package: leasehold
Version: {version}
Architecture: {architecture}
Maintainer: Leasehold developers <leasehold@packages.invalid>
Installed-Size: {size}
Depends: {depends}
Recommends: man-db
Suggests: xdg-utils
Section: net
Priority: optional
Description: OpenStack Blazar leases in a local database
 Finds the leases of Chameleon and other sites that run OpenStack Blazar at
 once, with or without a network, with their history. Creations, extensions
 and deletions are queued while there is no network, and carried out exactly
 once.
"""


def settle(folder: Path, epoch: int) -> None:
    """Gives everything the same owner's rights and date."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
        os.utime(path, (epoch, epoch), follow_symlinks=False)


def files(folder: Path) -> list[Path]:
    """All that is in a folder, in an order that depends on the names only."""
    return sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).parts)


def debian(staged: Path, work: Path, release: Release, depends: str, output: Path, is_fast: bool) -> Path:
    work.mkdir(exist_ok=True)
    root = work / "root"
    subprocess.run(["cp", "-a", staged, root], check=True)
    plain = [path for path in files(root) if path.is_file() and not path.is_symlink()]
    sums = "".join(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.relative_to(root)}\n" for path in plain)
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()
    size = sum(-(-path.stat().st_size // 1024) for path in plain)
    (root / "DEBIAN").mkdir()
    (root / "DEBIAN/md5sums").write_text(sums)
    (root / "DEBIAN/control").write_text(
        CONTROL.format(version=release.version, architecture=architecture, size=size, depends=depends))
    settle(root, release.epoch)
    deb = output / f"leasehold_{release.version}_{architecture}.deb"
    subprocess.run(
        # With several threads the bytes would depend on how many there are.
        ["dpkg-deb", "--root-owner-group", "--threads-max=1", "-Zxz", "-z1" if is_fast else "-z6", "--build", root, deb],
        check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": str(release.epoch)})
    return deb


def tarball(staged: Path, release: Release, machine: str, output: Path, is_fast: bool) -> Path:
    """The contents of /usr, in a folder whose name tells the version."""
    name = f"leasehold-{release.version}-linux-{machine}"
    path = output / f"{name}.tar.xz"

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = "root"
        entry.mtime = release.epoch
        return entry

    settle(staged, release.epoch)
    prefix = staged / "usr"
    with lzma.open(path, "wb", preset=1 if is_fast else 6) as file, tarfile.open(
            fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry in files(prefix):
            relative = entry.relative_to(prefix)
            # Debian's own notes.
            if relative.parts[:2] != ("share", "lintian"):
                tar.add(entry, arcname=f"{name}/{relative}", recursive=False, filter=plain)
    return path
