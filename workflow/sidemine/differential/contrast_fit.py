"""The fit of one contrast: gene-wise results, and the effect space that the set tests start from."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from sidemine.differential.record import FitFacts
from sidemine.errors import InputError, Problem
from sidemine.records import as_json, as_record
from sidemine.sources.scales import LOG2_FOLD_CHANGE
from sidemine.stats.sandwich import Sandwich, sandwich
from sidemine.tables import parse_json

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class ContrastFit:
    """Moderated results of one contrast, genes in the order of the dataset. Signs are target minus reference.

    Attributes
    ----------
    genes
        Approved symbols of the tested genes.
    log2_fold_change, se, ci_low, ci_high, t, df, p_value, q_value
        Moderated results per gene, in `unit` where values have no fold change; `df` is residual plus prior, p is two-sided and never 0, q is Benjamini–Hochberg.
    mean_expression
        Mean log2 expression over the samples of the contrast.
    prior_variance, prior_df, posterior_variance
        Empirical Bayes (log2 units squared); `prior_df` may be infinite.
    stdev_unscaled
        Standard error of the contrast for a residual variance of 1.
    effects
        Genes × (1 + residual df), see `linear_model.EffectSpace`. With voom weights every gene has its own basis.
    score_effects, score_stdev_unscaled
        The same space under weights that depend on the sample only, so that per-sample scores, which are linear in
        the genes, can be fitted in it. Equal to `effects` unless voom weights are in use.
    score_basis, score_covariates
        Basis of that space, and what covariates explain of every gene within the groups: `basis` and `covariate_effects`
        of `linear_model.CommonSpace`.
    samples, blocks
        Samples that were fitted; the block of each where errors count a block once (`Design.blocks_are_units`), otherwise empty.
    residual_df
        Samples minus coefficients.
    dropped_genes, dropped_reasons
        Genes that were not tested, and why.
    facts
        Settings and estimates of the fit.
    """

    genes: list[str]
    log2_fold_change: NDArray[np.float64]
    se: NDArray[np.float64]
    ci_low: NDArray[np.float64]
    ci_high: NDArray[np.float64]
    t: NDArray[np.float64]
    df: NDArray[np.float64]
    p_value: NDArray[np.float64]
    q_value: NDArray[np.float64]
    mean_expression: NDArray[np.float64]
    prior_variance: NDArray[np.float64]
    prior_df: NDArray[np.float64]
    posterior_variance: NDArray[np.float64]
    stdev_unscaled: NDArray[np.float64]
    effects: NDArray[np.float64]
    score_effects: NDArray[np.float64]
    score_basis: NDArray[np.float64]
    score_covariates: NDArray[np.float64]
    score_stdev_unscaled: float
    samples: list[str]
    residual_df: int
    blocks: list[str] = field(default_factory=list)
    dropped_genes: list[str] = field(default_factory=list)
    dropped_reasons: list[str] = field(default_factory=list)
    facts: FitFacts = field(kw_only=True)

    @property
    def unit(self) -> str:
        """Unit of a gene's difference, in words."""
        return self.facts.unit

    @property
    def has_fold_change(self) -> bool:
        """Whether differences are log2 fold changes: those of z-scores and fractions are not."""
        return self.unit == LOG2_FOLD_CHANGE

    @cached_property
    def score_sandwich(self) -> Sandwich:
        """Errors of per-sample scores that are robust to unequal variances: of its design, so the same for every set."""
        return sandwich(self.score_basis, self.blocks)


def save_fit(fit: ContrastFit | None, path: Path) -> None:
    """Write a fit as .npz: no pickles, the same bytes for the same fit. None (not testable) gives an empty archive."""
    arrays: dict[str, NDArray[np.float64] | NDArray[np.str_]] = {}
    for item in fields(ContrastFit) if fit is not None else ():
        value = getattr(fit, item.name)
        if item.name == "facts":
            arrays[item.name] = np.array(json.dumps(as_json(value), sort_keys=True))
        elif item.name == "score_effects" and fit is not None and value is fit.effects:
            continue
        else:
            arrays[item.name] = np.array(value, dtype=str) if isinstance(value, list) else np.asarray(value)
    buffer = io.BytesIO()
    # numpy stamps every member with 1980-01-01, so nothing in the file depends on the clock.
    np.savez(buffer, allow_pickle=False, **arrays)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())


def load_fit(path: Path) -> ContrastFit | None:
    """Read a fit that `save_fit` wrote; None where the contrast was not testable.

    Raises
    ------
    InputError
        When the file is damaged, or was not written by sidemine.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays: dict[str, NDArray[np.float64]] = {name: stored[name] for name in stored.files}
        return _fit_of(arrays, path) if arrays else None
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, BadZipFile, zlib.error) as error:
        raise InputError(
            Problem(
                "a fit cannot be read",
                f"{path}: {type(error).__name__}: {str(error)[:200]}",
                "the arrays of a fitted contrast (.npz), as the workflow wrote them",
                "Delete the file so that it is made again.",
            )
        ) from error


def load_fits(paths: Mapping[str, Path]) -> dict[str, ContrastFit | None]:
    """Read fits by their names, as `load_fit` does; so are the errors."""
    return {name: load_fit(path) for name, path in paths.items()}


def _fit_of(arrays: dict[str, NDArray[np.float64]], path: Path) -> ContrastFit:
    def texts(name: str) -> list[str]:
        return [str(text) for text in arrays.pop(name)]

    fit = ContrastFit(
        genes=texts("genes"),
        samples=texts("samples"),
        blocks=texts("blocks"),
        dropped_genes=texts("dropped_genes"),
        dropped_reasons=texts("dropped_reasons"),
        facts=as_record(FitFacts, parse_json(str(arrays.pop("facts"))), str(path)),
        score_stdev_unscaled=float(arrays.pop("score_stdev_unscaled")),
        residual_df=int(arrays.pop("residual_df")),
        score_effects=arrays.pop("score_effects", arrays["effects"]),
        **arrays,
    )
    space, rows = (len(fit.genes), 1 + fit.residual_df), (len(fit.genes),)
    shapes = {"effects": space, "score_effects": space, "score_basis": (len(fit.samples), 1 + fit.residual_df)}
    shapes["score_covariates"] = (len(fit.genes), fit.score_covariates.shape[-1])
    for name, array in {**arrays, "score_effects": fit.score_effects}.items():
        wanted = shapes.get(name, rows)
        if array.shape != wanted or array.dtype.kind != "f":
            raise ValueError(f"{name} holds {array.dtype} {array.shape}, not numbers {wanted}")
    return fit


def restrict_genes(fit: ContrastFit, rows: NDArray[np.intp]) -> ContrastFit:
    """Return a fit with these rows of its genes only, moderated as they were among all genes."""
    per_gene = {
        item.name: getattr(fit, item.name)[rows]
        for item in fields(ContrastFit)
        if isinstance(getattr(fit, item.name), np.ndarray) and item.name != "score_basis"
    }
    return replace(fit, **per_gene, genes=[fit.genes[row] for row in rows])


def differential_table(fit: ContrastFit, var: pd.DataFrame) -> pd.DataFrame:
    """Return the table of `differential.tsv.gz`, sorted by p, then by gene.

    Parameters
    ----------
    fit
        A fitted contrast.
    var
        Genes of the dataset (index: approved symbol), with columns `entrez` and `ensembl` where they are known.
    """
    import pandas as pd

    ids = {
        name: var[name].reindex(fit.genes).fillna("").astype(str).to_numpy(dtype=object)
        if name in var.columns
        else np.full(len(fit.genes), "", dtype=object)
        for name in ("entrez", "ensembl")
    }
    table = pd.DataFrame(
        {
            "gene": np.array(fit.genes, dtype=object),
            **ids,
            "log2_fold_change": fit.log2_fold_change,
            "se": fit.se,
            "ci_low": fit.ci_low,
            "ci_high": fit.ci_high,
            "t": fit.t,
            "df": fit.df,
            "p_value": fit.p_value,
            "q_value": fit.q_value,
            "mean_expression": fit.mean_expression,
        }
    )
    # Sorted by what is written, 10 digits: below that, equal genes differ by how a matrix product was cut up.
    written = np.array([float(f"{p:.10g}") for p in fit.p_value])
    return table.iloc[np.lexsort((table["gene"].to_numpy(dtype=str), written))].reset_index(drop=True)
