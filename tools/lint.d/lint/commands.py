"""The command line of tools/lint."""
from __future__ import annotations

import argparse
import sys
from pathlib import Path

from . import programs, selftest, sources, tree, walls
from .finding import Finding

DESCRIPTION = """\
Checks what the compiler does not check:
  format    swift format in strict mode, configured by .swift-format
  walls     imports, and the dependencies in Package.swift, against the table in tools/lint.d/lint/walls.py
  sources   forbidden constructs, files too long, paths of one machine, Python and shell scripts that do not parse
  shell     shellcheck on shell scripts, if it is installed
Warnings are shown, and do not fail the check."""


def main(root: Path) -> int:
    parser = argparse.ArgumentParser(
        prog="tools/lint", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--fix", action="store_true", help="rewrite the files with swift format first")
    parser.add_argument("--self-test", action="store_true", help="verify that each check catches seeded defects")
    parser.add_argument(
        "--only", action="append", choices=["format", "walls", "sources", "shell"], help="run only this check; may be repeated"
    )
    options = parser.parse_args()
    if options.self_test:
        return selftest.run(root)

    files = tree.files(root)
    chosen = options.only or ["format", "walls", "sources", "shell"]
    findings: list[Finding] = []
    if options.fix:
        programs.rewrite(root)
    if "format" in chosen:
        findings += programs.swift_format(root)
    if "walls" in chosen:
        findings += walls.check_imports(root, files)
        graph = walls.describe(root)
        findings += walls.check_package(graph) + walls.check_rows(graph)
    if "sources" in chosen:
        findings += sources.check(root, files)
    if "shell" in chosen:
        findings += programs.shellcheck(root, files)

    for finding in findings:
        print(finding, file=sys.stderr)
    errors = sum(not finding.is_warning for finding in findings)
    print(f"lint: {len(files)} files, {errors} errors, {len(findings) - errors} warnings")
    return 1 if errors else 0
