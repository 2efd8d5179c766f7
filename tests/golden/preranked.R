# limma's cameraPR with a correlation for each set, and Simes' p as base R computes it (the smallest BH-adjusted p):
#   Rscript tests/golden/preranked.R tests/golden
suppressMessages(library(limma))
out <- commandArgs(trailingOnly = TRUE)[1]
source(file.path(out, "save_table.R"))
set.seed(20260311)
genes <- sprintf("G%03d", 1:180)
z <- rnorm(180) + c(rep(0.9, 12), rep(-0.7, 20), rep(0, 148))
sets <- list(up = genes[1:12], down = genes[13:32], flat = genes[60:99], pair = genes[150:151], mixed = genes[c(5, 20, 170:179)])
correlation <- c(up = 0.05, down = 0.21, null = 0.1, pair = 0.3, mixed = 0)
result <- cameraPR(setNames(z, genes), sets, inter.gene.cor = correlation, sort = FALSE)
p <- 2 * pnorm(-abs(z))
result$simes <- sapply(sets, function(s) min(p.adjust(p[match(s, genes)], "BH")))
save_table(data.frame(gene = genes, z = z), "preranked_statistics", 17)
save_table(data.frame(gene_set = names(sets), genes = sapply(sets, paste, collapse = ","), correlation = correlation,
  n = result$NGenes, direction = result$Direction, p_value = result$PValue, simes = result$simes), "preranked_sets")
writeLines(c(R.version.string, paste("limma", packageVersion("limma"))), file.path(out, "preranked_versions.txt"))
