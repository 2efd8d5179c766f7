"""Time and memory of joining the SNPs of summary statistics to genes, plain and gzip.

python benchmarks/lines_genetics_speed.py [--snps 10000000] [--folder FOLDER]

It writes a file as GWAS catalogues have it (nine columns, sorted by position, with missing and extreme p-values, and some SNPs
twice) and locations of 19,400 genes, and reads each in a process of its own. Aim: 10 million SNPs in at most 2 minutes
and 1 GB.
"""

from __future__ import annotations

import argparse
import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ONE = """
import resource, sys, time
from pathlib import Path
from sidemine.lines.genetics.locations import read_gene_locations
from sidemine.lines.genetics.snps import read_snp_genes
snps, genes = map(Path, sys.argv[1:])
roles = dict(chromosome="chromosome", position="base_pair_location", p_value="p_value", effect_allele="effect_allele",
             other_allele="other_allele", n="n")
start, cpu = time.perf_counter(), time.process_time()
found, counts = read_snp_genes(snps, roles, read_gene_locations(genes), genes.name)
print(f"{time.perf_counter() - start:.1f} s, {time.process_time() - cpu:.1f} s of processor time, "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2:.2f} GB; {len(found):,} genes; {counts}")
"""


def main() -> None:
    """Write, read, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--snps", type=int, default=10_000_000)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.folder or Path(scratch)
        genes, plain, packed = folder / "gene.loc", folder / "snps.tsv", folder / "snps.tsv.gz"
        write_genes(genes)
        start = time.perf_counter()
        write_snps(plain, options.snps)
        packed.write_bytes(b"")
        with plain.open("rb") as source, gzip.open(packed, "wb", compresslevel=1) as target:
            while block := source.read(1 << 24):
                target.write(block)
        sys.stdout.write(f"{options.snps:,} SNPs written in {time.perf_counter() - start:.0f} s\n")
        for path in (plain, packed):
            sys.stdout.write(f"{path.name}, {path.stat().st_size / 1e6:,.0f} MB: ")
            sys.stdout.flush()
            subprocess.run([sys.executable, "-c", ONE, str(path), str(genes)], check=True)


def write_genes(path: Path) -> None:
    """Write 19,400 genes of 22 chromosomes of 130 Mb."""
    rng = np.random.default_rng(1)
    rows = []
    for number in range(19_400):
        start = int(rng.integers(1, 46_000_000))
        length = int(np.exp(rng.normal(10, 1.2)))
        rows.append(f"{number + 1}\t{number % 22 + 1}\t{start}\t{start + length}\t{'+-'[number % 2]}\tG{number + 1}\n")
    path.write_text("".join(rows))


def write_snps(path: Path, n: int) -> None:
    """Write the table of SNPs."""
    rng = np.random.default_rng(2)
    names = ("chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
             "effect_allele_frequency", "p_value", "n")  # fmt: skip
    bases = np.array(["A", "C", "G", "T", "CTTA"])
    with path.open("w") as stream:
        stream.write("\t".join(names) + "\n")
        for chromosome in range(1, 23):
            m = n // 22 + (chromosome <= n % 22)
            position = np.sort(rng.integers(1, 46_500_000, m))
            p = np.array([f"{value:.4g}" for value in rng.random(m)], dtype=object)
            p[rng.random(m) < 1e-3] = "NA"
            p[:1], p[1:2], p[2:3] = "0", "1", "1e-400"
            first, second = bases[rng.integers(0, 5, m)], bases[rng.integers(0, 5, m)]
            beta, share = rng.normal(0, 0.02, m), rng.random(m)
            stream.writelines(
                f"{chromosome}\t{a}\t{b}\t{c}\t{d:.5f}\t0.0{e}\t{f:.4f}\t{g}\t{h}\n"
                for a, b, c, d, e, f, g, h in zip(
                    position.tolist(), first, second, beta.tolist(), rng.integers(100, 999, m), share.tolist(), p,
                    rng.integers(3 * 10**5, 4 * 10**5, m), strict=True,
                )
            )  # fmt: skip


if __name__ == "__main__":
    main()
