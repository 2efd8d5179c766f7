"""The mark that every simulated file carries, and the check for it.

It stands upstream of all stages: the simulator writes it, retrieval looks for it, the report shows it.
"""

from __future__ import annotations

SIMULATION_MARKER = "SIDEMINE-SIMULATED"
"""Text that the simulator puts into every file that it writes, in a place which that format tolerates."""
