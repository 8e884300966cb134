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
    "package": 280, "examples": 200, "web": 170, "keeper": 130, "chi_commands": 125, "files": 115, "field_clocks": 115, "face": 105,
    "field_store": 90, "field_sites": 90, "field_lost": 75, "offline": 70, "report_check": 70, "field_writes": 65, "precedence": 65,
    "publish": 65, "broken_tls": 60, "hostile": 55, "notify": 55, "past": 50, "concurrency": 45, "clouds": 45, "guide": 40,
    "device_login": 35, "chi_sandbox": 35, "writes": 35,
    # On a cloud.
    "differential": 315, "oidc": 250, "mirror": 250, "queue_story": 200, "extend_check": 170, "report_story": 140,
    "waiting": 130, "queue_chaos": 125, "chi_library": 110, "oidc_failures": 55,
}


@dataclass(frozen=True)
class Program:
    path: Path
    needs: str
    #: Whether its class RealCloud alone needs a cloud, and the others need none.
    has_cloud_part: bool

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
        programs.append(Program(path.relative_to(root), found[1], "\nclass RealCloud(" in text))
    return sorted(programs, key=lambda program: -SECONDS.get(program.name, 0))
