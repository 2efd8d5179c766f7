"""What `expression.h5ad` says of values that were taken as they were deposited."""

from __future__ import annotations

import json
from typing import Any


def as_deposited(dataset: str = "d", layer: str = "log2", problem: Any = None) -> str:
    """Provenance of a dataset whose scale is the declared one, as `uns['sidemine']` holds it."""
    return json.dumps(
        {"dataset": dataset, "scale_declared": layer, "scale_found": layer, "scale_answer": "fits", "scale_reason": "",
         "offset": None, "n_values": 0, "n_values_moved": 0, "transformation": "none", "problem": problem}
    )  # fmt: skip
