"""References of the methods that a run used; every DOI here also stands in the docstring of the code that applies it."""

from __future__ import annotations

from sidemine.enrichment.activity import ULM_PAPER
from sidemine.enrichment.registry import papers
from sidemine.lines.registry import LINES
from sidemine.paper import Paper

REFERENCES = (
    Paper("limma", "Ritchie ME et al. limma powers differential expression analyses. Nucleic Acids Res 2015.",
          "10.1093/nar/gkv007"),
    Paper("moderated t", "Smyth GK. Linear models and empirical Bayes methods. Stat Appl Genet Mol Biol 2004.",
          "10.2202/1544-6115.1027"),
    Paper("voom", "Law CW et al. voom: precision weights unlock linear model tools for RNA-seq read counts. "
          "Genome Biol 2014.", "10.1186/gb-2014-15-2-r29"),
    Paper("count filter", "Chen Y, Lun ATL, Smyth GK. F1000Research 2016.", "10.12688/f1000research.8987.2"),
    Paper("TMM", "Robinson MD, Oshlack A. Genome Biol 2010.", "10.1186/gb-2010-11-3-r25"),
    Paper("duplicate correlation", "Smyth GK, Michaud J, Scott HS. Bioinformatics 2005.",
          "10.1093/bioinformatics/bti270"),
    *papers(),
    Paper("Hedges g", "Hedges LV. J Educ Stat 1981.", "10.3102/10769986006002107"),
    Paper("limits of d", "Johnson NL, Welch BL. Biometrika 1940.", "10.1093/biomet/31.3-4.362"),
    Paper("standard errors of unequal variances", "Bell RM, McCaffrey DF. Bias reduction in standard errors for linear "
          "regression. Survey Methodology 2002; 28:169–181. HC2: MacKinnon JG, White H. J Econom 1985; 29:305–325.", ""),
    Paper("their degrees of freedom", "Pustejovsky JE, Tipton E. J Bus Econ Stat 2018.", "10.1080/07350015.2016.1247004"),
    Paper("prior of the spread between studies", "Röver C. Bayesian random-effects meta-analysis using the bayesmeta R "
          "package. J Stat Softw 2020.", "10.18637/jss.v093.i06"),
    Paper("Huber regression", "Huber PJ. Ann Math Stat 1964.", "10.1214/aoms/1177703732"),
    Paper("REML between studies", "Viechtbauer W. J Educ Behav Stat 2005.", "10.3102/10769986030003261"),
    Paper("random effects", "DerSimonian R, Laird N. Control Clin Trials 1986.", "10.1016/0197-2456(86)90046-2"),
    Paper("Hartung–Knapp", "Hartung J, Knapp G. Stat Med 2001.", "10.1002/sim.791"),
    Paper("I²", "Higgins JPT, Thompson SG. Stat Med 2002.", "10.1002/sim.1186"),
    Paper("random signatures", "Venet D et al. PLoS Comput Biol 2011.", "10.1371/journal.pcbi.1002240"),
    Paper("shape of p-values", "Efron B. J Am Stat Assoc 2007.", "10.1198/016214506000001211"),
    Paper("specification curve", "Simonsohn U, Simmons JP, Nelson LD. Nat Hum Behav 2020.",
          "10.1038/s41562-020-0912-z"),
    Paper("limits of shares", "Clopper CJ, Pearson ES. Biometrika 1934.", "10.1093/biomet/26.4.404"),
    Paper("hidden factors", "Wang J et al. Confounder adjustment in multiple hypothesis testing. Ann Stat 2017.",
          "10.1214/16-AOS1511"),
    Paper("number of factors", "Dobriban E, Owen AB. Deterministic parallel analysis. J R Stat Soc B 2019.",
          "10.1111/rssb.12301"),
    Paper("cell markers of tissues", "Becht E et al. Genome Biol 2016.", "10.1186/s13059-016-1070-5"),
    Paper("errors of covariates", "Fuller WA. Measurement Error Models. Wiley 1987.", "10.1002/9780470316665"),
    Paper("sex labels", "Toker L, Feng M, Pavlidis P. F1000Research 2016.", "10.12688/f1000research.9471.2"),
    ULM_PAPER,
    Paper("false discovery rate", "Benjamini Y, Hochberg Y. Controlling the false discovery rate. J R Stat Soc B "
          "1995; 57:289–300.", ""),
    Paper("partial conjunction", "Benjamini Y, Heller R. Screening for partial conjunction hypotheses. Biometrics 2008.",
          "10.1111/j.1541-0420.2007.00984.x"),
    Paper("dose shapes", "Bretz F, Pinheiro JC, Branson M. Combining multiple comparisons and modeling techniques in "
          "dose-response studies. Biometrics 2005.", "10.1111/j.1541-0420.2005.00344.x"),
    *dict.fromkeys(paper for line in LINES for paper in line.papers),
    Paper("Aarhus study", "Haysen SR et al. Inflammopharmacology 2025.", "10.1007/s10787-025-01677-2"),
    Paper("NTNU study", "Ravlo E, Ianevski A et al. NAR Molecular Medicine 2025.", ""),
)  # fmt: skip
"""In the order of the methods text."""


def references_text() -> str:
    """Return the references as plain numbered lines, to be pasted behind the methods."""
    return "\n".join(
        f"{number}. {entry.what}: {entry.text}" + (f" doi:{entry.doi}" if entry.doi else "")
        for number, entry in enumerate(REFERENCES, start=1)
    )
