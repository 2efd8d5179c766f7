# limma's cameraPR with a correlation for each set, and Simes' p as base R computes it (the smallest BH-adjusted p); tables of proteins
# whose groups share one row, with a correlation that other samples tell:
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

# Tables of proteins: each value is one row for cameraPR, whatever number of genes of the set it stands for.
proteins <- sprintf("P%03d", 1:160)
residuals <- matrix(rnorm(160 * 40), 160) + c(rep(0.7, 30), rep(0, 130)) * rep(rnorm(40), each = 160)
residuals <- round(residuals, 4)
save_table(data.frame(gene = proteins, residuals), "preranked_reference")
members <- proteins[c(1:18, 150:151)]
tables <- list(
  single = as.list(proteins),
  groups = c(list(proteins[1:5], proteins[c(6, 40, 41)], proteins[c(150, 151, 152, 153)]), as.list(proteins[c(7:39, 42:149, 154:160)])),
  # A gene in two values counts half in each.
  twice = c(list(proteins[1], proteins[c(1, 60)], proteins[c(2, 70)], proteins[2]), as.list(proteins[c(3:59, 61:69, 71:160)])))
of_table <- function(case) {
  values <- tables[[case]]
  z <- round(rnorm(length(values)) + 1.2 * sapply(values, function(v) any(v %in% members)), 6)
  # What each value, and each measured gene of the set, counts.
  times <- table(unlist(values))
  hold <- sapply(values, function(v) sum(1 / times[intersect(v, members)]))
  hold[sapply(values, function(v) !length(intersect(v, members)))] <- 0
  weight <- pmin(1, hold)
  of_gene <- setNames(rep(0, length(members)), members)
  for (i in seq_along(values)) for (g in intersect(values[[i]], members)) of_gene[g] <- of_gene[g] + (1 / times[[g]]) * weight[i] / hold[i]
  a <- of_gene / sum(of_gene)
  e <- residuals[match(members, proteins), ]
  R <- tcrossprod(e / sqrt(rowMeans(e^2))) / ncol(e)
  correlation <- (drop(a %*% R %*% a) - sum(a^2)) / (1 - sum(a^2))
  used <- max(0.05, correlation)
  # limma's own, where every gene counts alike: of residuals behind a first column that the design takes.
  plain <- if (length(unique(a)) == 1) interGeneCorrelation(cbind(0, e), matrix(c(1, rep(0, ncol(e)))))$correlation else NA
  inside <- which(weight > 0)
  n <- length(z); m <- length(inside)
  # cameraPR with weights: the difference of weighted means over the pooled variance of the values, each about its own mean.
  b <- weight[inside] / sum(weight); outside <- z[-inside]
  pooled <- (sum(z[inside]^2) - m * mean(z[inside])^2 + sum((outside - mean(outside))^2)) / (n - 2)
  effect <- sum(b * z[inside]) - mean(outside)
  se <- sqrt(pooled * (sum(b^2) + (1 - sum(b^2)) * used + 1 / (n - m)))
  t <- effect / se
  limma <- if (all(weight[inside] == 1)) cameraPR(setNames(z, seq_len(n)), list(set = inside), inter.gene.cor = used)$PValue else NA
  list(table = data.frame(case, genes = sapply(values, paste, collapse = ";"), z),
    result = data.frame(case, m, correlation, limma_correlation = plain, used, effect, ci_low = effect - qt(0.975, n - 2) * se, ci_high = effect + qt(0.975, n - 2) * se,
      p_value = 2 * pt(-abs(t), n - 2), limma_p = limma, simes = min(p.adjust(2 * pnorm(-abs(z[inside])), "BH"))))
}
found <- lapply(names(tables), of_table)
save_table(do.call(rbind, lapply(found, `[[`, "table")), "preranked_tables")
save_table(do.call(rbind, lapply(found, `[[`, "result")), "preranked_groups")
save_table(data.frame(gene = members), "preranked_members")
writeLines(c(R.version.string, paste("limma", packageVersion("limma"))), file.path(out, "preranked_versions.txt"))
