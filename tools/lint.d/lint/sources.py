"""Forbidden constructs, the length of files, paths of one machine, and documents that name files that are gone."""
from __future__ import annotations

import os
import re
from pathlib import Path

from . import tree
from .finding import Finding
from .swift import code_only

LINES_TO_REFUSE = 500
CODE_SUFFIXES = {".swift", ".py", ".sh"}

#: Forbidden in shipped code, with the modules that are exempt.
FORBIDDEN: list[tuple[re.Pattern[str], str, frozenset[str]]] = [
    (re.compile(r"\btry!"), "try! ends the program instead of reporting the error", frozenset()),
    (re.compile(r"\bas!"), "as! ends the program if the type differs", frozenset()),
    (re.compile(r"\bfatalError\s*\("), "fatalError ends the program instead of reporting the error", frozenset()),
    (re.compile(r"@unchecked\s+Sendable\b"), "@unchecked Sendable is for LeaseStore alone", frozenset({"LeaseStore"})),
    (re.compile(r"\bnonisolated\s*\(\s*unsafe\s*\)"), "nonisolated(unsafe) hides a data race", frozenset()),
    (
        re.compile(
            r"FileHandle\s*\(\s*for|\bcontents\s*\(\s*atPath|\bcontentsOf(?:File|\s*:\s*(?:URL|url))|\bfopen\s*\("
            r"|\bmko?stemps?\s*\(|(?<![.\w])open\s*\([^()]*\bO_[A-Z]"
        ),
        "files are opened by LocalFiles alone: closing a database outside of SQLite drops SQLite's locks",
        frozenset({"LocalFiles", "Sandbox", "Bench"}),
    ),
    (
        re.compile(r"\bTask(?:\s*\.\s*(?:detached|immediate))?\s*(?:<[^>{]*>)?\s*(?:\([^(){}]*\)\s*)?\{"),
        # A replaced refresh token must be stored, even if the caller has been cancelled meanwhile; and the page that a
        # program opens is served until the program ends.
        "an unstructured task outlives its caller and loses its errors", frozenset({"LeaseWeb", "OpenStackClient"}),
    ),
]

#: Folders that exist only on some machines. The pattern is assembled so that this file does not match it.
MACHINE_PATH = re.compile(r"(?<![\w.$}~/-])/(?:" + "|".join(["root", "work", "farm"]) + r")/")


def check(root: Path, files: list[Path]) -> list[Finding]:
    findings = []
    for file in files:
        text = tree.text(root, file)
        if text is None:
            continue
        findings += machine_paths(file, text)
        if file.suffix == ".md":
            findings += missing_files(root, file, text)
        if "Fixtures" in file.parts:
            continue
        if file.suffix == ".swift" and file.parts[0] in ("Sources", "Migrations"):
            findings += forbidden(file, text)
        is_python = file.suffix == ".py" or re.match(r"#!.*\bpython3?\b", text) is not None
        if is_python:
            findings += python_syntax(file, text)
        if text.startswith("#!") and not os.access(root / file, os.X_OK):
            findings.append(Finding(str(file), "begins with #! but cannot be run: chmod +x it"))
        if is_python or file.suffix in CODE_SUFFIXES or text.startswith("#!"):
            findings += length(file, text)
    return findings


def forbidden(file: Path, text: str) -> list[Finding]:
    code = code_only(text)
    module = file.parts[1] if file.parts[0] == "Sources" else file.parts[0]
    findings = []
    for pattern, why, free in FORBIDDEN:
        if module in free:
            continue
        for match in pattern.finditer(code):
            line = code.count("\n", 0, match.start()) + 1
            findings.append(Finding(f"{file}:{line}", why))
    return findings


def length(file: Path, text: str) -> list[Finding]:
    lines = text.count("\n")
    if lines > LINES_TO_REFUSE:
        return [Finding(str(file), f"{lines} lines; more than {LINES_TO_REFUSE} are not allowed: divide it by concern")]
    return []


def machine_paths(file: Path, text: str) -> list[Finding]:
    return [
        Finding(f"{file}:{number}", "names a folder of one machine")
        for number, line in enumerate(text.splitlines(), 1)
        if MACHINE_PATH.search(line)
    ]


def missing_files(root: Path, file: Path, text: str) -> list[Finding]:
    """Documents name source files from the top, or from Sources."""
    return [
        Finding(f"{file}:{number}", f"names {name}, which does not exist")
        for number, line in enumerate(text.splitlines(), 1)
        for name in re.findall(r"`((?:[\w+.-]+/)+[\w+.-]+\.(?:swift|py|sql))`", line)
        if not any((root / folder / name).exists() for folder in (".", "Sources"))
    ]


def python_syntax(file: Path, text: str) -> list[Finding]:
    try:
        compile(text, str(file), "exec")
    except SyntaxError as error:
        return [Finding(f"{file}:{error.lineno}", error.msg)]
    return []
