"""Records of retrieved inputs."""

from __future__ import annotations

from typing import Any

from sidemine.retrieve.record import InputRecord


def record_of(name: str, **changes: Any) -> InputRecord:
    """A real file of h.org that keeps its content."""
    url = f"https://h.org/{name}"
    values = {"key": f"h.org/{name}", "url": url, "urls_tried": (url,), "sha256": "a" * 64, "size": 10, "etag": "",
              "retrieved": "2026-01-01", "mutable": False, "simulated": False, "mirror": False}  # fmt: skip
    return InputRecord(**{**values, **changes})
