"""Reads the YAML that leasehold writes: lists and maps by indentation, and JSON's scalars and flow collections."""

import json
import re


def parse(text):
    """The value of a document of block lists, block maps, and scalars."""
    lines = [(len(line) - len(line.lstrip(" ")), line.strip()) for line in text.splitlines()
             if line.strip() and line.strip() != "---"]
    if not lines:
        return None
    value, rest = _block(lines, lines[0][0])
    if rest:
        raise ValueError(f"left over: {rest[0]}")
    return value


def _block(lines, indent):
    if lines[0][1] == "-" or lines[0][1].startswith("- "):
        return _list(lines, indent)
    if re.match(r"""("[^"]*"|'[^']*'|[^\s"'\[{][^:]*):( |$)""", lines[0][1]):
        return _map(lines, indent)
    return _scalar(lines[0][1]), lines[1:]


def _list(lines, indent):
    items = []
    while lines and lines[0][0] == indent and (lines[0][1] == "-" or lines[0][1].startswith("- ")):
        text = lines[0][1][1:].lstrip()
        if text:
            inner = indent + len(lines[0][1]) - len(text)
            value, lines = _block([(inner, text), *lines[1:]], inner)
        else:
            value, lines = _block(lines[1:], lines[1][0])
        items.append(value)
    return items, lines


def _map(lines, indent):
    result = {}
    while lines and lines[0][0] == indent and not lines[0][1].startswith("- "):
        match = re.match(r"""("[^"]*"|'[^']*'|[^\s"'\[{][^:]*):( (.*))?$""", lines[0][1])
        if not match:
            raise ValueError(f"no key: {lines[0][1]}")
        key, text = _scalar(match[1]), (match[3] or "").strip()
        if text:
            result[key], lines = _scalar(text), lines[1:]
        elif len(lines) > 1 and (lines[1][0] > indent or (lines[1][0] == indent and lines[1][1].startswith("-"))):
            result[key], lines = _block(lines[1:], lines[1][0])
        else:
            result[key], lines = None, lines[1:]
    return result, lines


def _scalar(text):
    if text.startswith("'"):
        if not text.endswith("'") or len(text) < 2:
            raise ValueError(f"open quote: {text}")
        return text[1:-1].replace("''", "'")
    if text[:1] in ("\"", "[", "{"):
        return json.loads(text)
    if text in ("null", "~", ""):
        return None
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.search(r": |:$| #|^[&*!|>%@`,?#-]", text):
        raise ValueError(f"a plain scalar that YAML reads otherwise: {text}")
    return text
