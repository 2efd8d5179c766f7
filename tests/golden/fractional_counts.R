# Golden numbers of voom on counts with fractions (RSEM, salmon); the target is sequenced twice as deep, and nothing else.
#   Rscript tests/golden/fractional_counts.R tests/golden
suppressMessages({library(limma); library(edgeR)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20271126)

source(file.path(out, "save_table.R"))

n_genes <- 400
group <- rep(0:1, each = 5)
mu <- exp(runif(n_genes, log(2), log(2000)))
counts <- vapply(group, function(g) rnbinom(n_genes, mu = mu * 2^g, size = 10), numeric(n_genes))
shared <- matrix(sample(c(0, 0.25, 0.33, 0.5, 0.67), length(counts), replace = TRUE), n_genes)
counts <- counts + ifelse(counts > 0, shared, 0)
dimnames(counts) <- list(sprintf("G%03d", seq_len(n_genes)), sprintf("S%02d", seq_along(group)))
save_table(data.frame(gene = rownames(counts), counts, check.names = FALSE), "fractional_counts")

X <- model.matrix(~ group)
y <- DGEList(counts)
y <- calcNormFactors(y[filterByExpr(y, X), , keep.lib.sizes = FALSE])
v <- voom(y, X)
fit <- eBayes(lmFit(v, X))
top <- topTable(fit, coef = 2, number = Inf, sort.by = "none")
save_table(data.frame(gene = rownames(fit), log2_fold_change = top$logFC, t = top$t, p_value = top$P.Value,
                      mean_expression = fit$Amean), "fractional_genes")
versions <- c(R.version.string, vapply(c("limma", "edgeR"), function(p) paste(p, packageVersion(p)), ""))
writeLines(versions, file.path(out, "fractional_versions.txt"))
