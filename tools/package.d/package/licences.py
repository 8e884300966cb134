"""The licences of all that is linked in."""
from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

#: What libraries contain that is not theirs, and whose text they do not bring along.
CONTAINED = {"CYaml": "libyaml"}
NAMES = re.compile(r"(LICEN[CS]E|COPYING|NOTICE)(\.(txt|md))?", re.IGNORECASE)

#: The text of the Apache License, up to what some packages add to it. It is said once, in a file of its own.
APACHE = re.compile(r"^ *Apache License\n *Version 2\.0, January 2004.*?(?=^#+ Runtime Library Exception|\Z)", re.DOTALL | re.MULTILINE)
APACHE_FILE = "apache-2.0.txt"

COPYRIGHT = """\
Leasehold is licensed under the Apache License, version 2.0. Its text is in
apache-2.0.txt beside this file, and on Debian systems in
/usr/share/common-licenses/Apache-2.0.

The program contains these libraries, whose licences and notices follow:
{names}
"""


class Unknown(OSError):
    """A part of the program whose licence nobody knows."""


def texts(root: Path, program: Path) -> dict[str, list[str]]:
    """By library, what has to be said: the licences and notices of each package that a linked module is from."""
    own = root / "tools/package.d/licences"
    sources = {"icu": {own / "icu.txt"}, "swift": {swift_licence()}}
    checkouts = sorted(path for path in checkouts_of(program).iterdir() if path.is_dir())
    for module in linked(program):
        if module in CONTAINED:
            sources[CONTAINED[module]] = {own / f"{CONTAINED[module]}.txt"}
        if any((root / folder / module).is_dir() for folder in ("Sources", ".")):
            continue
        package, folder = home(module, checkouts)
        name = package.name.lower().removesuffix(".swift")
        found = {file for place in (package, folder) for file in place.iterdir() if NAMES.fullmatch(file.name)}
        if not found:
            raise Unknown(f"{name} has no licence")
        sources.setdefault(name, set()).update(found)
    return {name: [file.read_text().strip() for file in sorted(files)] for name, files in sorted(sources.items())}


def copyright(found: dict[str, list[str]]) -> str:
    """One file with all of them. A text that several libraries share is there once."""
    shared: dict[str, tuple[str, list[str]]] = {}
    for name, parts in found.items():
        for text in parts:
            text = APACHE.sub(f"The Apache License, version 2.0: {APACHE_FILE}.\n\n", text).strip()
            _, names = shared.setdefault(" ".join(text.split()), (text, []))
            names.append(name)
    names = textwrap.fill(", ".join(found) + ".", 78)
    return COPYRIGHT.format(names=names) + "".join(
        f"\n{'=' * 78}\n{textwrap.fill(', '.join(names), 78)}\n\n{text}\n" for text, names in shared.values())


def linked(program: Path) -> list[str]:
    """The modules whose objects were linked, as the build has noted them."""
    listed = program.parent / "leasehold.product/Objects.LinkFileList"
    if not listed.exists():
        raise Unknown(f"{listed} is missing: package a program where 'swift build' has put it")
    return sorted(set(re.findall(r"/([^/]+)\.build/", listed.read_text().replace("/.build/", "/"))))


def checkouts_of(program: Path) -> Path:
    for folder in program.parents:
        if (folder / "checkouts").is_dir():
            return folder / "checkouts"
    raise Unknown(f"no sources of libraries are found beside {program}")


def home(module: str, checkouts: list[Path]) -> tuple[Path, Path]:
    """The package that a module is from, and the module's folder in it."""
    for package in checkouts:
        for folder in (package / "Sources" / module, package / module):
            if folder.is_dir():
                return package, folder
    declared = re.compile(rf'target\(\s*name:\s*"{re.escape(module)}"')
    for package in checkouts:
        if any(declared.search(manifest.read_text()) for manifest in package.glob("Package*.swift")):
            return package, package
    raise Unknown(f"nobody knows where the module {module} is from")


def swift_licence() -> Path:
    """That of the compiler's own libraries."""
    compiler = shutil.which("swiftc")
    path = Path(compiler).resolve().parents[1] / "share/swift/LICENSE.txt" if compiler else None
    if path is None or not path.exists():
        raise Unknown("the Swift compiler has no file share/swift/LICENSE.txt")
    return path
