"""The parts of Swift's grammar that the checks need."""
from __future__ import annotations

import re

IMPORT = re.compile(
    r"^[ \t]*(?:@\w+(?:\([^)]*\))?[ \t]+)*(?:(?:public|package|internal|fileprivate|private)[ \t]+)?"
    r"import[ \t]+(?:(?:struct|class|enum|protocol|typealias|func|var|let)[ \t]+)?(\w+)",
    re.MULTILINE,
)

TOKEN = re.compile(r'//[^\n]*|/\*|(?P<hashes>#*)(?P<quote>"""|")')


def code_only(source: str) -> str:
    """The source with comments and string contents blanked, and all lines and columns kept.

    Code inside an interpolation is blanked too, which is good enough for these checks.
    """
    result, position = [], 0
    while match := TOKEN.search(source, position):
        result.append(source[position:match.start()])
        if match.group().startswith("//"):
            end = match.end()
        elif match.group() == "/*":
            end = comment_end(source, match.end())
        else:
            end = string_end(source, match.end(), match["quote"], match["hashes"])
        result.append(re.sub(r"[^\n]", " ", source[match.start():end]))
        position = end
    result.append(source[position:])
    return "".join(result)


def comment_end(source: str, position: int) -> int:
    depth = 1
    for match in re.compile(r"/\*|\*/").finditer(source, position):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return match.end()
    return len(source)


def string_end(source: str, position: int, quote: str, hashes: str) -> int:
    escape = "\\\\" + hashes
    pattern = rf"{escape}\(|{escape}.|{quote}{hashes}" + ("" if len(quote) == 3 else r"|\n")
    matcher = re.compile(pattern, re.DOTALL)
    while match := matcher.search(source, position):
        if match.group().endswith("("):
            position = interpolation_end(source, match.end())
        elif match.group().startswith(quote) or match.group() == "\n":
            return match.end()
        else:
            position = match.end()
    return len(source)


def interpolation_end(source: str, position: int) -> int:
    """The position after the parenthesis that closes an interpolation, skipping strings inside it."""
    depth = 1
    matcher = re.compile(r'[()]|(?P<hashes>#*)(?P<quote>"""|")')
    while match := matcher.search(source, position):
        position = match.end()
        if match["quote"]:
            position = string_end(source, position, match["quote"], match["hashes"])
            continue
        depth += 1 if match.group() == "(" else -1
        if depth == 0:
            return position
    return len(source)


def imports(source: str) -> list[tuple[int, str]]:
    """The line and name of each module that the source imports."""
    code = code_only(source)
    return [(code.count("\n", 0, match.start(1)) + 1, match[1]) for match in IMPORT.finditer(code)]
