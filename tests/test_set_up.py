"""What `make setup` compiles is what a run would compile."""

import os
import subprocess
import sys

import pytest

pytest.importorskip("numba")
AHEAD = "from sidemine.set_up import compile_for_cells; compile_for_cells()"
AS_A_RUN = """
import numpy as np
from scipy.sparse import csr_matrix
from sidemine.lines.illustration.measure import draw_map
from sidemine.prepare.doublets import find_doublets

levels = np.ones((260, 300))
levels[:130, :150] = 5
counts = csr_matrix(np.random.default_rng(3).poisson(levels).astype(np.float32))
assert find_doublets(counts)[1]
drawn = draw_map(counts, [f"G{n}" for n in range(300)], ("s", ["G1", "G2"]), (["a"] * 260, []), "d", 260, 7, "pca")
assert len(drawn.x) == 260
"""


def test_cells_compile_nothing_after_set_up(tmp_path):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path)}

    def kept_after(script):
        subprocess.run([sys.executable, "-c", script], env=environment, check=True)
        return sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())

    ahead = kept_after(AHEAD)
    assert ahead
    assert kept_after(AS_A_RUN) == ahead
