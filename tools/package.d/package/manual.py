"""Writes man pages from what the argument parser says of each command."""
from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from .release import Release

Command = dict[str, Any]

#: A line of a discussion that begins a section.
HEADING = re.compile(r"[A-Z][A-Z ]+")


def pages(command: Command, release: Release) -> dict[str, str]:
    """All pages by their file's name: leasehold.1, leasehold-list.1, leasehold-queue-show.1."""
    found = {f"{'-'.join(path)}.1": page(item, path, release) for path, item in commands(command, ())}
    return dict(sorted(found.items()))


def commands(command: Command, above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Command]]:
    path = (*above, command["commandName"])
    yield path, command
    for item in command.get("subcommands", []):
        # 'help' is the program's own way to these texts.
        if item["shouldDisplay"] and item["commandName"] != "help":
            yield from commands(item, path)


def page(command: Command, path: tuple[str, ...], release: Release) -> str:
    name = "-".join(path)
    date = time.strftime("%Y-%m-%d", time.gmtime(release.epoch))
    lines = [
        f'.TH {quoted(name.upper())} 1 {quoted(date)} {quoted(f"leasehold {release.program}")} "User Commands"',
        # The terminal's width breaks lines, not words in two; a command is copied as it stands.
        ".nh", ".ad l",
        ".SH NAME", f"{plain(name)} \\- {plain(abstract(command))}",
        ".SH SYNOPSIS", *synopsis(command, path),
        ".SH DESCRIPTION", *discussion(command),
    ]
    subcommands = [item for item in command.get("subcommands", []) if item["shouldDisplay"] and item["commandName"] != "help"]
    if subcommands:
        lines.append(".SH COMMANDS")
        for item in subcommands:
            lines += [".TP", f".B {plain(item['commandName'])}", plain(item["abstract"])]
    lines += arguments(command)
    others = [f"{name}-{item['commandName']}" for item in subcommands] or ["-".join(path[:-1])]
    lines += [".SH SEE ALSO", *(f".BR {plain(other)} (1){',' if other != others[-1] else ''}" for other in others)]
    return "\n".join(lines) + "\n"


def abstract(command: Command) -> str:
    """In one line, without the full stop."""
    return " ".join(command["abstract"].split()).rstrip(".")


def synopsis(command: Command, path: tuple[str, ...]) -> list[str]:
    words = [f"\\fB{plain(' '.join(path))}\\fR"]
    if command.get("subcommands"):
        words.append("\\fIcommand\\fR")
    words.append("[\\fIoptions\\fR]")
    for argument in shown(command):
        if argument["kind"] == "positional":
            word = f"\\fI{plain(argument['valueName'])}\\fR" + ("..." if argument["isRepeating"] else "")
            words.append(f"[{word}]" if argument["isOptional"] else word)
    return [" ".join(words)]


def discussion(command: Command) -> list[str]:
    """Paragraphs are filled; what is indented stays as it is; a line in capitals begins a section."""
    lines, is_kept = [], False
    text = command.get("discussion") or ""
    if not text or HEADING.fullmatch(text.split("\n")[0]):
        text = f"{command['abstract']}\n{text}"
    for line in text.split("\n"):
        if line.startswith(" ") != is_kept and line:
            lines.append(".RE\n.fi" if is_kept else ".nf\n.RS 4")
            is_kept = not is_kept
        if HEADING.fullmatch(line):
            lines.append(f".SH {plain(line)}")
        elif line:
            lines.append(plain(line[2:] if is_kept and line.startswith("  ") else line))
        elif not is_kept:
            lines.append(".PP")
    if is_kept:
        lines.append(".RE\n.fi")
    return [line for at, line in enumerate(lines) if line != ".PP" or (at + 1 < len(lines) and lines[at + 1][0] != ".")]


def shown(command: Command) -> list[dict[str, Any]]:
    return [argument for argument in command.get("arguments", []) if argument["shouldDisplay"]]


def arguments(command: Command) -> list[str]:
    """A section for each group of arguments, in the order of the help."""
    sections: dict[str, list[dict[str, Any]]] = {}
    for argument in shown(command):
        usual = "Arguments" if argument["kind"] == "positional" else "Options"
        sections.setdefault(argument.get("sectionTitle") or usual, []).append(argument)
    lines = []
    for title, items in sections.items():
        lines.append(f".SH {quoted(title.upper())}")
        for item in items:
            lines += [".TP", label(item), plain(described(item))]
            if item.get("discussion"):
                lines.append(plain(item["discussion"]))
    return lines


def label(argument: dict[str, Any]) -> str:
    value = f"\\fI{plain(argument['valueName'])}\\fR"
    if argument["kind"] == "positional":
        return value
    names = ", ".join(
        f"\\fB{plain(('--' if name['kind'] == 'long' else '-') + name['name'])}\\fR" for name in argument["names"])
    return names if argument["kind"] == "flag" else f"{names} {value}"


def described(argument: dict[str, Any]) -> str:
    more = []
    if argument.get("allValues"):
        more.append(f"One of {', '.join(argument['allValues'])}.")
    if argument.get("defaultValue") is not None:
        more.append(f"Default: {argument['defaultValue']}.")
    return " ".join([argument.get("abstract", ""), *more]).strip()


def plain(text: str) -> str:
    """A text as troff prints it: no character of it is a command."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in text.split("\n"))


def quoted(text: str) -> str:
    """An argument of a request."""
    return '"' + plain(text).replace('"', '\\(dq') + '"'
