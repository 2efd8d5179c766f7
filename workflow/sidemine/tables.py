"""The result tables: their columns documented once, checked whenever a table is written or read.

Every signed number is target minus reference; positive means higher in the target.
"""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

from sidemine.errors import InputError, Problem
from sidemine.study.scales import LOG2_FOLD_CHANGE

ColumnKind = Literal["text", "integer", "number", "boolean"]


@dataclass(frozen=True)
class Column:
    """One column: its name, what kind of value it holds, what it means, and whether a cell may be empty."""

    name: str
    kind: ColumnKind
    meaning: str
    may_be_empty: bool = False


@dataclass(frozen=True)
class TableSpec:
    """A result table: its name, its columns in order, and whether further columns may follow them."""

    name: str
    columns: tuple[Column, ...]
    open_ended: bool = False

    @property
    def names(self) -> list[str]:
        """Column names, in order."""
        return [column.name for column in self.columns]


EXCLUDED_BY_HAND = "excluded by hand"
"""Fate of a sample that `exclude` in config.yaml leaves out; the page tells the reason that stands there."""

SAMPLES = TableSpec(
    "samples.tsv",
    (
        Column("sample", "text", "Sample accession, or the name that the file gives it."),
        Column(
            "unit", "text", "Independent biological unit (donor, patient); the sample itself where none is declared."
        ),
        Column("fate", "text", "used, or why the sample does not take part."),
    ),
    open_ended=True,
)

GENES_LEDGER = TableSpec(
    "genes_ledger.tsv",
    (
        Column("identifier", "text", "Identifier as it stands in the file."),
        Column("gene", "text", "Approved symbol that it was mapped to.", may_be_empty=True),
        Column("fate", "text", "kept, merged or dropped."),
        Column("reason", "text", "Why, for example: other probe has the higher mean; several genes; unknown symbol."),
    ),
)

DIFFERENTIAL = TableSpec(
    "differential.tsv.gz",
    (
        Column("gene", "text", "Approved symbol."),
        Column("entrez", "text", "Entrez gene id.", may_be_empty=True),
        Column("ensembl", "text", "Ensembl gene id.", may_be_empty=True),
        Column("log2_fold_change", "number", "log2 fold change, target minus reference."),
        Column("se", "number", "Moderated standard error of the log2 fold change (log2 units)."),
        Column("ci_low", "number", "Lower limit of the 95 % confidence interval of the log2 fold change."),
        Column("ci_high", "number", "Upper limit of the 95 % confidence interval."),
        Column("t", "number", "Moderated t statistic; its sign is target minus reference."),
        Column("df", "number", "Degrees of freedom of t (residual plus prior)."),
        Column("p_value", "number", "Two-sided p-value; never 0."),
        Column("q_value", "number", "Benjamini–Hochberg over all genes of this contrast."),
        Column("mean_expression", "number", "Mean log2 expression over the samples of the contrast."),
    ),
)

DIFFERENCES = TableSpec(
    "differential.tsv.gz",
    tuple(
        Column(
            "difference",
            "number",
            "Target minus reference in the unit that design.json names (fit.unit): no log2 fold change.",
        )
        if log2_column.name == "log2_fold_change"
        else replace(log2_column, meaning=log2_column.meaning.replace("log2 fold change (log2 units)", "difference"))
        for log2_column in DIFFERENTIAL.columns
    ),
)
"""`differential.tsv.gz` of values without fold changes (z-scores, fractions). `read_differential` gives the column back as
`log2_fold_change`, the name of a gene's effect inside the package."""

_SET_TEST_COLUMNS = (
    Column("gene_set", "text", "Id of the gene set."),
    Column("family", "text", "target, member, confounder, comparator or negative_control."),
    Column(
        "test",
        "text",
        "fry, camera, rotation, rotation_competitive, over_representation_up/_down (and _activated/_repressed), prerank.",
    ),
    Column("role", "text", "verdict: may enter a verdict. descriptive: never does."),
    Column("n_in_set", "integer", "Genes in the set as published, after mapping to approved symbols."),
    Column("n_measured", "integer", "Genes of the set among the tested genes of this contrast."),
    Column(
        "effect",
        "number",
        "Contrast of the per-sample signed, weight-normalised mean log2 expression of the measured genes.",
        may_be_empty=True,
    ),
    Column("effect_se", "number", "Standard error of effect.", may_be_empty=True),
    Column("ci_low", "number", "Lower limit of the 95 % confidence interval of effect.", may_be_empty=True),
    Column("ci_high", "number", "Upper limit of the 95 % confidence interval of effect.", may_be_empty=True),
    Column("effect_scale", "text", "Unit of effect, for example log2."),
    Column("direction", "text", "up, down or none: the sign of target minus reference."),
    Column("statistic", "number", "Test statistic; signed where the test is.", may_be_empty=True),
    Column("p_value", "number", "Two-sided p-value (one-sided for over-representation); never 0.", may_be_empty=True),
    Column("n_permutations", "integer", "Permutations or rotations behind p; 0 for a closed form."),
    Column("inter_gene_correlation", "number", "Estimated mean correlation within the set.", may_be_empty=True),
    Column("universe_size", "integer", "Genes tested in this contrast."),
    Column("seed", "integer", "Seed of the permutations; 0 where nothing is random."),
    Column("set_version", "text", "Release of the gene set's library."),
)

SET_TESTS = TableSpec("set_tests.tsv", _SET_TEST_COLUMNS)

ENRICHMENT = TableSpec(
    "enrichment.tsv",
    (
        *_SET_TEST_COLUMNS,
        Column(
            "q_value",
            "number",
            "Benjamini–Hochberg over one family of sets × the contrasts of one role, per test.",
            may_be_empty=True,
        ),
        Column("family_size", "integer", "Number of p-values in that Benjamini–Hochberg family."),
    ),
)

GENE_SETS = TableSpec(
    "gene_sets.tsv.gz",
    (
        Column("gene_set", "text", "Id of the gene set."),
        Column("family", "text", "target, member, confounder, comparator or negative_control."),
        Column("gene", "text", "Approved symbol."),
        Column("weight", "number", "Sign and weight of the gene in the set; 1 in unweighted sets."),
        Column("version", "text", "Release of the library."),
        Column("source", "text", "URL or path of the library; `study.json` gives its licence."),
    ),
)

ACTIVITIES = TableSpec(
    "activities.tsv.gz",
    (
        Column("sample", "text", "Sample accession or name."),
        Column("gene_set", "text", "Id of the gene set."),
        Column("method", "text", "decoupler method, for example ulm."),
        Column("score", "number", "Activity score; positive: the set's genes are high in this sample."),
    ),
)

SPECIFICITY = TableSpec(
    "specificity.tsv",
    (
        Column("hypothesis", "text", "Id of the hypothesis whose primary set is placed."),
        Column("contrast", "text", "Contrast; every signed number is target minus reference."),
        Column("gene_set", "text", "Id of the gene set: the primary set first, then all sets beside it."),
        Column("family", "text", "target, member, confounder, comparator or negative_control."),
        Column("without", "text", "Set whose genes were taken out of this row's set first.", may_be_empty=True),
        Column("n_measured", "integer", "Genes that the row rests on."),
        Column("effect", "number", "Effect on the hypothesis' scale.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of the 95 % confidence interval.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of the 95 % confidence interval.", may_be_empty=True),
        Column("effect_scale", "text", "Hedges g (cohorts), or log2 over complement (experiments)."),
        Column("direction", "text", "up, down or none: sign of effect."),
        Column(
            "p_value",
            "number",
            "Two-sided FRY p-value of the primary set and of parts of sets; never 0.",
            may_be_empty=True,
        ),
        Column(
            "percentile_matched",
            "number",
            "Primary set only: percentile, in the declared direction, among matched random sets; empty: no valid "
            "comparator. Not a p-value.",
            may_be_empty=True,
        ),
        Column(
            "percentile_comparators",
            "number",
            "Percentile, in the declared direction, among the comparator sets; empty below 10 of them.",
            may_be_empty=True,
        ),
    ),
)

CONCORDANCE = TableSpec(
    "concordance.tsv",
    (
        Column("bridge", "text", "Id of the bridge."),
        Column("disease_contrast", "text", "Disease contrast, or pooled: the common effect over all of them."),
        Column("drug_contrast", "text", "Drug contrast, pooled, or (derived sets) the contrasts it was derived from."),
        Column("scope", "text", "all, target, drug_responsive or derived: which shared genes count."),
        Column("gene_set", "text", "Set of scopes target and derived.", may_be_empty=True),
        Column("estimand", "text", "total, or adjusted: the disease profile adjusted for blood composition."),
        Column("n_genes", "integer", "Shared genes that count."),
        Column(
            "concordance",
            "number",
            "Σ x·y / √(Σ x² Σ y²) of the centred normal deviates of drug and disease; positive: the same sign.",
            may_be_empty=True,
        ),
        Column("se", "number", "Its standard error, with the genes' own correlation on both sides.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of its 95 % confidence interval.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of its 95 % confidence interval.", may_be_empty=True),
        Column("margin", "number", "Declared margin of `unrelated`."),
        Column("p_disease_rotated", "number", "Two-sided p, disease rotated, drug profile fixed.", may_be_empty=True),
        Column(
            "p_drug_rotated",
            "number",
            "Two-sided p, drug rotated, disease profile fixed; derived sets: of their confirmation.",
            may_be_empty=True,
        ),
        Column("p_value", "number", "The larger of the two.", may_be_empty=True),
        Column(
            "percentile_comparators",
            "number",
            "Percentage of comparator perturbations with a weaker concordance in this direction; empty below 10 of them.",
            may_be_empty=True,
        ),
        Column("n_comparators", "integer", "Comparator perturbations with enough shared genes."),
        Column("call", "text", "mimics, opposes, unrelated, undetermined or refused; adjusted rows: as the total row."),
        Column("reason", "text", "Why this call."),
        Column("n_rotations", "integer", "Rotations of each side."),
        Column("seed", "integer", "The study's seed, from which every contrast's rotations follow."),
        Column("leading_genes", "text", "Genes that carry the concordance, comma list.", may_be_empty=True),
        Column(
            "reliability_disease",
            "number",
            "Lower 95 % limit of the share of Σ y² that is no noise; 0: the profile does not stand out.",
            may_be_empty=True,
        ),
        Column("reliability_drug", "number", "The same of Σ x².", may_be_empty=True),
        Column(
            "corrected_ci_low",
            "number",
            "Lower 95 % limit of the concordance without noise; empty where a reliability is 0.",
            may_be_empty=True,
        ),
        Column("corrected_ci_high", "number", "Upper 95 % limit of the concordance without noise.", may_be_empty=True),
    ),
)


CALIBRATION = TableSpec(
    "calibration.tsv",
    (
        Column(
            "scope",
            "text",
            "dataset: measured on, or quoted for, a contrast of this study; design_class: simulated; whole_rule: the "
            "verdict rules on simulated studies.",
        ),
        Column("subject", "text", "Contrast, design class, or planted class."),
        Column("null", "text", "global, competitive, composition, heterogeneity, or none (power: there is an effect)."),
        Column("quantity", "text", "size, power, or verdict_rate."),
        Column("test", "text", "fry, camera, rotation, rotation_competitive, pooled, …, or the verdict counted."),
        Column("family", "text", "primary, a family of sets, simulated, or whole rule."),
        Column("level", "number", "Nominal level; empty where the quantity has none.", may_be_empty=True),
        Column("parameter", "text", "What else was set, for example r=0.3 or set=NAME.", may_be_empty=True),
        Column("n", "integer", "Tests behind rate (labelings or data sets × sets); 0: not measured."),
        Column("rate", "number", "Share of tests with p at or below level, or of verdicts.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of the 95 % interval, clustered by labeling.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of that interval.", may_be_empty=True),
        Column("upper_95", "number", "One-sided upper 95 % bound.", may_be_empty=True),
        Column(
            "reading",
            "text",
            "holds, conservative, liberal, undecided (the study's own labelings are too few: the design class counts), "
            "not measured, or shown (no claim of size).",
        ),
        Column("source", "text", "this study, or reference tables."),
        Column("reason", "text", "Why not measured, or how to read the row.", may_be_empty=True),
        Column("seed", "integer", "Seed of the labelings or of the simulation; 0 where nothing was drawn."),
    ),
)


_POOLED_COLUMNS = (
    Column("k", "integer", "Independent datasets that have this row."),
    Column(
        "method",
        "text",
        "What carries effect: single dataset, common effect (k < 5), or random effects (REML, Hartung–Knapp; k >= 5).",
    ),
    Column("effect", "number", "Pooled effect, target minus reference, in the unit of effect_unit."),
    Column("se", "number", "Standard error of effect."),
    Column("ci_low", "number", "Lower limit of the 95 % confidence interval of effect (t)."),
    Column("ci_high", "number", "Upper limit of the 95 % confidence interval of effect (t)."),
    Column("p_value", "number", "Two-sided p-value of effect (t); never 0."),
    Column(
        "q_value",
        "number",
        "Benjamini–Hochberg; genes: over all genes with k of 2 or more; sets: over the sets of one family.",
        may_be_empty=True,
    ),
    Column("family_size", "integer", "Number of p-values in that Benjamini–Hochberg family; 0 where there is no q."),
    Column("tau2", "number", "Variance between datasets, REML; empty below k = 3.", may_be_empty=True),
    Column("i2", "number", "I², percent, from the REML tau2; empty below k = 3.", may_be_empty=True),
    Column("q_statistic", "number", "Cochran's Q; empty for k = 1.", may_be_empty=True),
    Column("q_p", "number", "Chi-squared p-value of Q on k - 1 degrees of freedom.", may_be_empty=True),
    Column(
        "prediction_low",
        "number",
        "Lower limit of the 95 % prediction interval of a new dataset; empty below k = 3.",
        may_be_empty=True,
    ),
    Column("prediction_high", "number", "Upper limit of that prediction interval.", may_be_empty=True),
    Column("random_effect", "number", "Random-effects mean (REML); empty for k = 1.", may_be_empty=True),
    Column("hartung_knapp_ci_low", "number", "Lower 95 % limit of random_effect by Hartung–Knapp.", may_be_empty=True),
    Column("hartung_knapp_ci_high", "number", "Upper 95 % limit of random_effect by Hartung–Knapp.", may_be_empty=True),
    Column("hartung_knapp_p", "number", "Two-sided p-value of random_effect by Hartung–Knapp.", may_be_empty=True),
    Column("dersimonian_laird_effect", "number", "Random-effects mean (DerSimonian–Laird).", may_be_empty=True),
    Column("dersimonian_laird_p", "number", "Its two-sided p-value (normal).", may_be_empty=True),
    Column(
        "stouffer_z",
        "number",
        "Sum of the datasets' z-values, weighted by the square root of the effective sample size.",
        may_be_empty=True,
    ),
    Column("stouffer_p", "number", "Two-sided p-value of stouffer_z.", may_be_empty=True),
    Column("leave_one_out_low", "number", "Lowest effect when one dataset is left out.", may_be_empty=True),
    Column("leave_one_out_high", "number", "Highest effect when one dataset is left out.", may_be_empty=True),
    Column("not_estimable", "text", "Why figures of this row are empty.", may_be_empty=True),
)
_POOLED_UNIT = Column(
    "effect_unit", "text", "Hedges g (cohorts), or log2 fold change (experiments; sets: over complement)."
)

POOLED_SETS = TableSpec(
    "pooled sets.tsv",
    (
        Column("gene_set", "text", "Id of the gene set."),
        Column("family", "text", "target, member, confounder, comparator or negative_control."),
        Column("set_role", "text", "primary, secondary or exploratory, as the hypothesis declares."),
        Column("n_genes", "integer", "Genes used; cohorts: those measured in all of them. Experiments: the fewest."),
        _POOLED_UNIT,
        *_POOLED_COLUMNS,
    ),
    # Behind these: effect and se of every contrast that entered, as effect:<contrast> and se:<contrast>.
    open_ended=True,
)

POOLED_GENES = TableSpec(
    "pooled genes.tsv.gz",
    (Column("gene", "text", "Approved symbol."), _POOLED_UNIT, *_POOLED_COLUMNS),
    open_ended=True,
)

ROBUSTNESS = TableSpec(
    "robustness.tsv",
    (
        Column("hypothesis", "text", "Id of the hypothesis."),
        Column("variant", "text", "Name of the variant; reference is the analysis as declared."),
        Column(
            "dimension",
            "text",
            "What is varied: covariates, composition, filter, probe_rule, statistic, test, set_version, "
            "dataset_left_out, reused_controls, age_overlap, sex_mismatch, seed, or several (crossed).",
        ),
        Column("description", "text", "The variant in words, and where it is not the same in every contrast."),
        Column("full_data", "boolean", "All datasets and samples of the reference run: only these count for the caps."),
        Column("k", "integer", "Independent datasets pooled.", may_be_empty=True),
        Column(
            "n_genes", "integer", "Genes of the set used; experiments: the fewest of a contrast.", may_be_empty=True
        ),
        Column("effect", "number", "Pooled effect, target minus reference, in effect_scale.", may_be_empty=True),
        Column("se", "number", "Standard error of effect.", may_be_empty=True),
        Column("ci_low", "number", "Lower limit of the 95 % confidence interval of effect.", may_be_empty=True),
        Column("ci_high", "number", "Upper limit of the 95 % confidence interval of effect.", may_be_empty=True),
        Column("effect_scale", "text", "Hedges g (cohorts), or log2 fold change over complement.", may_be_empty=True),
        Column("direction", "text", "up, down or none: the sign of target minus reference.", may_be_empty=True),
        Column(
            "p_value",
            "number",
            "Two-sided. Cohorts: of the pooled effect; under another test: the cohorts' p by Stouffer's weighted z. "
            "Experiments: the smallest self-contained p times the number of contrasts.",
            may_be_empty=True,
        ),
        Column(
            "verdict",
            "text",
            "By the rules without robustness; what a variant does not measure is held as in the reference run.",
            may_be_empty=True,
        ),
        Column(
            "agrees",
            "boolean",
            "Sign of the reference run, and p at most .05 where the reference has that (else: its verdict). Empty: "
            "not evaluated.",
            may_be_empty=True,
        ),
        Column("reason", "text", "Why the variant was not evaluated.", may_be_empty=True),
    ),
)


def check_table(table: pd.DataFrame, spec: TableSpec, where: str) -> None:
    """Raise `InputError` unless `table` has the columns of `spec`, in order, with values of their kind."""
    names = [str(name) for name in table.columns]
    expected = spec.names
    problems: list[Problem] = []
    if names[: len(expected)] != expected or (len(names) > len(expected) and not spec.open_ended):
        problems.append(
            Problem(
                f"{spec.name} does not have its columns",
                f"{where}: {', '.join(names)}",
                ", ".join(expected) + (" and any further ones" if spec.open_ended else ""),
                "Delete the file so that it is written again; if that does not help, this is a bug in sidemine.",
            )
        )
    else:
        problems += [
            problem for column in spec.columns if (problem := _column_problem(table[column.name], column, where))
        ]
    if problems:
        raise InputError(problems)


def _column_problem(values: pd.Series, column: Column, where: str) -> Problem | None:
    import pandas as pd

    empty = values.isna() | (values.astype("string") == "" if column.kind == "text" else False)
    if not column.may_be_empty and bool(empty.any()):
        row = int(empty.to_numpy().argmax())
        return Problem(
            f"column {column.name} has an empty cell",
            f"{where}, row {row + 1}",
            column.meaning,
            "Report this as a bug.",
        )
    if len(values) == 0 or column.kind == "text":
        return None
    numbers = pd.to_numeric(values[~empty], errors="coerce")
    if column.kind in {"integer", "number"} and bool(numbers.isna().any()):
        row = int(numbers.isna().to_numpy().argmax())
        return Problem(
            f"column {column.name} holds something that is not a number",
            f"{where}, value {values[~empty].iloc[row]!r}",
            column.meaning,
            "Report this as a bug.",
        )
    return None


def write_table(table: pd.DataFrame, path: Path, spec: TableSpec) -> None:
    """Check `table` against `spec` and write it as TSV (gzip when the name ends in .gz), the same bytes every time.

    Raises
    ------
    InputError
        When columns are missing, out of order or of another kind.
    """
    check_table(table, spec, str(path))
    # 17 significant digits would keep every bit; 10 are beyond the last meaningful one and keep files readable.
    text = table.to_csv(sep="\t", index=False, float_format="%.10g", lineterminator="\n")
    write_text(text, path)


def write_text(text: str, path: Path) -> None:
    """Write UTF-8 text, gzipped without a time stamp when the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode("utf-8")
    if path.suffix == ".gz":
        buffer = io.BytesIO()
        with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, mtime=0, compresslevel=6) as stream:
            stream.write(data)
        data = buffer.getvalue()
    path.write_bytes(data)


def read_table(path: Path, spec: TableSpec) -> pd.DataFrame:
    """Read a table that `write_table` wrote, text columns as text, and check it.

    Raises
    ------
    InputError
        When the file does not keep to `spec`.
    """
    import pandas as pd

    text_columns = [column.name for column in spec.columns if column.kind == "text"]
    header = pd.read_csv(path, sep="\t", nrows=0, compression="infer").columns
    dtypes = {name: "string" for name in header if name in text_columns or name not in spec.names}
    table = pd.read_csv(
        path, sep="\t", dtype=dtypes, keep_default_na=False, na_values={key: ["", "nan"] for key in spec.names}
    )
    for name in dtypes:
        table[name] = table[name].fillna("").astype(object)
    check_table(table, spec, str(path))
    return table


def write_differential(table: pd.DataFrame, path: Path, unit: str) -> None:
    """Write `differential.tsv.gz`; where its unit is no log2 fold change, the column is not called so."""
    if unit == LOG2_FOLD_CHANGE:
        write_table(table, path, DIFFERENTIAL)
    else:
        write_table(table.rename(columns={"log2_fold_change": "difference"}), path, DIFFERENCES)


def read_differential(path: Path) -> pd.DataFrame:
    """Read what `write_differential` wrote, with the columns of `DIFFERENTIAL`."""
    import pandas as pd

    header = pd.read_csv(path, sep="\t", nrows=0, compression="infer").columns
    if "difference" not in header:
        return read_table(path, DIFFERENTIAL)
    return read_table(path, DIFFERENCES).rename(columns={"difference": "log2_fold_change"})


def empty_table(spec: TableSpec) -> pd.DataFrame:
    """Return a typed table without rows: 'nothing found' is a result."""
    import pandas as pd

    kinds = {"text": "object", "integer": "int64", "number": "float64", "boolean": "bool"}
    return pd.DataFrame({column.name: pd.Series(dtype=kinds[column.kind]) for column in spec.columns})


def write_json(content: object, path: Path) -> None:
    """Write JSON with sorted keys, the same bytes every time.

    Raises
    ------
    ValueError
        When a number is not finite: JSON has no such value, and null with a reason is the honest one.
    """
    write_text(json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n", path)


def read_json(path: Path) -> Any:
    """Read what `write_json` wrote."""
    return json.loads(path.read_text(encoding="utf-8"))
