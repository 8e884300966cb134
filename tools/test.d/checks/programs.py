"""The programs of Tests/Integration, and what each one needs."""
from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("Tests/Integration")
NEEDS = re.compile(
    r"^# needs: (nothing|(?:nothing or )?(?:|second |small )cloud|machine)$", re.MULTILINE)

# Seconds that slow programs take on two cores. The longest start first, so that the end needs no waiting; programs
# that are not listed start last.
SECONDS = {
    "keeper": 150, "chi_commands": 110, "oidc": 100, "face": 90, "chi_sandbox": 50, "hostile": 40, "concurrency": 35, "offline": 30,
    "package": 80, "report_check": 30, "device_login": 28, "notify": 30, "publish": 25, "publish_team": 15, "pull": 15,
    "web": 70, "waiting": 60,
}


@dataclass(frozen=True)
class Program:
    path: Path
    needs: str

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def runs_alone(self) -> bool:
        return self.needs.startswith("nothing") or self.changes_machine

    @property
    def runs_on_cloud(self) -> bool:
        return self.needs.endswith("cloud")

    @property
    def changes_machine(self) -> bool:
        """Whether it installs and removes packages, which needs root and a machine that nobody else uses."""
        return self.needs == "machine"

    @property
    def cloud(self) -> str:
        """The cloud that it runs on. The programs are spread over several, which work side by side: what reserves
        `virtual:dummy` only runs on the small one, and the first has an identity provider and python-chi."""
        return self.needs.removeprefix("nothing or ")


class Undeclared(Exception):
    """A program does not declare what it needs, and would never run."""


def find(root: Path) -> list[Program]:
    """Every program, the slowest first.

    Raises Undeclared for one without a line `# needs: nothing`, `# needs: machine`, or `# needs: cloud` (also `second
    cloud` or `small cloud`, and each of the three after `nothing or`).
    """
    programs = []
    for path in sorted((root / FOLDER).glob("*.py")):
        text = path.read_text()
        if not text.startswith("#!"):
            continue
        found = NEEDS.search(text)
        if found is None:
            raise Undeclared(f"{path.relative_to(root)} has no line '# needs: nothing', 'machine', or a cloud")
        programs.append(Program(path.relative_to(root), found[1]))
    return sorted(programs, key=lambda program: -SECONDS.get(program.name, 0))
