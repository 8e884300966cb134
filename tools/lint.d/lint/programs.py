"""The checks that run other programs."""
from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

from . import tree
from .finding import Finding

SWIFT_SOURCES = ("Package.swift", "Migrations", "Sources", "Tests")


def swift_format(root: Path) -> list[Finding]:
    return findings_of(["swift", "format", "lint", "--strict", "--parallel", "--recursive", *existing(root)], root, "swift format")


def rewrite(root: Path) -> None:
    subprocess.run(["swift", "format", "--in-place", "--parallel", "--recursive", *existing(root)], cwd=root, check=True)


def existing(root: Path) -> list[str]:
    return [name for name in SWIFT_SOURCES if (root / name).exists()]


def shellcheck(root: Path, files: list[Path]) -> list[Finding]:
    scripts = [str(file) for file in files if is_shell_script(root, file)]
    if not scripts:
        return []
    if shutil.which("shellcheck") is None:
        return [Finding("shellcheck", "is not installed; shell scripts were not checked", is_warning=True)]
    return findings_of(["shellcheck", "--format", "gcc", "--severity", "style", *scripts], root, "shellcheck")


def is_shell_script(root: Path, file: Path) -> bool:
    if "Fixtures" in file.parts:
        return False
    text = tree.text(root, file)
    return text is not None and (file.suffix == ".sh" or re.match(r"#!.*\b(?:ba|da)?sh\b", text) is not None)


def findings_of(command: list[str], root: Path, name: str) -> list[Finding]:
    """One finding for each line of output; a program that fails without output is a finding too."""
    output = subprocess.run(command, cwd=root, capture_output=True, text=True)
    lines = [line for line in (output.stdout + output.stderr).splitlines() if line.strip()]
    if output.returncode == 0:
        return []
    findings = []
    for line in lines or [f"{name}: failed with status {output.returncode}"]:
        place, separator, message = line.partition(": ")
        message = re.sub(r"^(error|warning|note|style): ", "", message)
        findings.append(Finding(place.removeprefix(f"{root}/"), message if separator else line))
    return findings
