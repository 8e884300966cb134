"""What a check found."""
from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    place: str
    message: str
    is_warning: bool = False

    def __str__(self) -> str:
        return f"{self.place}: {'warning' if self.is_warning else 'error'}: {self.message}"
