# Read one series matrix with GEOquery; print the seconds it took. Usage: Rscript read_series_matrix.R FILE
suppressPackageStartupMessages(library(GEOquery))
file <- commandArgs(trailingOnly = TRUE)[1]
elapsed <- system.time(
  series <- suppressMessages(getGEO(filename = file, getGPL = FALSE, AnnotGPL = FALSE))
)[["elapsed"]]
values <- Biobase::exprs(series)
cat(sprintf('{"seconds": %.3f, "rows": %d, "columns": %d, "sum": %.6f, "version": "%s"}\n',
            elapsed, nrow(values), ncol(values), sum(values, na.rm = TRUE), packageVersion("GEOquery")))
