"""Collects figures and shows them."""
from __future__ import annotations

import json
import os
import platform
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One figure, and its upper limit if it has one."""

    group: str
    name: str
    value: float
    unit: str
    limit: float | None = None

    @property
    def is_met(self) -> bool | None:
        return None if self.limit is None else self.value <= self.limit


@dataclass
class Report:
    """The figures of one run."""

    facts: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)

    def add(self, group: str, name: str, value: float, unit: str, limit: float | None = None) -> None:
        figure = Figure(group, name, value, unit, limit)
        self.figures.append(figure)
        verdict = "" if limit is None else f"  ({'target: ' if figure.is_met else 'MISSED: '}at most {shown(replace(figure, value=limit))})"
        print(f"  {name:<62} {shown(figure):>12}{verdict}", flush=True)

    def section(self, title: str) -> None:
        print(f"\n{title}", flush=True)

    def write(self, path: Path) -> None:
        """Writes the figures as JSON."""
        figures = [asdict(figure) | {"met": figure.is_met} for figure in self.figures]
        path.write_text(json.dumps({"machine": machine(), **self.facts, "figures": figures}, indent=2) + "\n")


def shown(figure: Figure) -> str:
    match figure.unit:
        case "s" if figure.value < 1: return f"{figure.value * 1000:.1f} ms"
        case "s": return f"{figure.value:.2f} s"
        case "B": return f"{figure.value / 1e6:.1f} MB"
        case "×": return f"{figure.value:.2f} ×"
        case unit: return f"{figure.value:g} {unit}".rstrip()


def machine() -> dict[str, str]:
    """The machine on which the figures were measured."""
    model = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    except OSError:
        pass
    return {"system": platform.platform(), "processor": model, "cores": str(os.cpu_count())}
