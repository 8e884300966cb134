"""The files of the repository."""
from __future__ import annotations

import os
import subprocess
from pathlib import Path


def files(root: Path) -> list[Path]:
    """Every file of the project, relative to its root: what git tracks or would track, or else everything there."""
    if (root / ".git").exists():
        listing = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True, check=True,
        ).stdout.decode()
        names = {name for name in listing.split("\0") if name}
        return sorted(Path(name) for name in names if (root / name).is_file())
    result = []
    for folder, subfolders, names in os.walk(root):
        subfolders[:] = [name for name in subfolders if name != "__pycache__" and not name.startswith((".build", ".git", ".venv"))]
        result += [(Path(folder) / name).relative_to(root) for name in names]
    return sorted(result)


def text(root: Path, file: Path) -> str | None:
    """The file's text, or None if it is not text."""
    data = (root / file).read_bytes()
    if b"\0" in data[:8192]:
        return None
    return data.decode("utf-8", errors="replace")
