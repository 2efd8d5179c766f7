# Golden numbers of limma and edgeR on simulated matrices. Writes the inputs and the results beside itself:
#   Rscript tests/golden/simulated.R tests/golden
suppressMessages({library(limma); library(edgeR)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20260101)

source(file.path(out, "save_table.R"))
save_matrix <- function(x, name) save_table(data.frame(gene = rownames(x), x, check.names = FALSE), name)

n_genes <- 240
genes <- sprintf("G%03d", seq_len(n_genes))
sets <- list(module_a = 1:20, module_b = 21:60, random = sample(n_genes, 30), pair = c(5, 100), single = 7, half = 1:120)
# Signs and weights of a signed set; every other set is unweighted.
signed <- data.frame(gene = genes[c(1:20, 101:115)], weight = c(rep(1, 20), rep(c(-1, -0.5, 2), 5)))
everything <- rbind(
  do.call(rbind, lapply(names(sets), function(s) data.frame(gene_set = s, gene = genes[sets[[s]]], weight = 1))),
  data.frame(gene_set = "signed", signed))
save_table(everything, "simulated_sets")

simulate <- function(n, spread = 0.6) {
  mean <- runif(n_genes, 3, 12)
  sd <- exp(-0.12 * (mean - 7) + rnorm(n_genes, 0, spread)) * 0.5
  module <- matrix(rnorm(2 * n), 2)
  y <- matrix(rnorm(n_genes * n), n_genes)
  y[1:20, ] <- sqrt(0.6) * y[1:20, ] + sqrt(0.4) * rep(module[1, ], each = 20)
  y[21:60, ] <- sqrt(0.8) * y[21:60, ] + sqrt(0.2) * rep(module[2, ], each = 40)
  y <- y * sd + mean
  dimnames(y) <- list(genes, sprintf("S%02d", seq_len(n)))
  y
}

gene_results <- set_results <- design_results <- facts <- list()
run <- function(case, y, X, trend = FALSE, robust = FALSE, weights = NULL, block = NULL, correlation = NULL) {
  k <- ncol(X)
  colnames(X) <- paste0("c", seq_len(k))
  fit <- eBayes(lmFit(y, X, weights = weights, block = block, correlation = correlation), trend = trend, robust = robust)
  top <- topTable(fit, coef = k, number = Inf, sort.by = "none", confint = TRUE)
  gene_results[[case]] <<- data.frame(
    case, gene = rownames(fit), log2_fold_change = top$logFC, ci_low = top$CI.L, t = top$t, p_value = top$P.Value,
    q_value = top$adj.P.Val, df = fit$df.total, posterior_variance = fit$s2.post, mean_expression = fit$Amean)
  arguments <- list(y = y, design = X, trend.var = trend, sort = "none")
  if (!is.null(weights)) arguments$array.weights <- weights
  if (!is.null(block)) arguments <- c(arguments, list(block = block, correlation = correlation))
  if (robust) arguments$robust <- TRUE
  index <- lapply(sets, function(s) genes[s])
  self <- do.call(fry, c(arguments, list(index = c(index, list(signed = signed)))))
  table <- data.frame(case, gene_set = rownames(self), fry_direction = self$Direction, fry_p = self$PValue,
                      fry_mixed_p = self$PValue.Mixed, camera_direction = "", camera_p = NA, camera_correlation = NA)
  # limma's camera knows neither blocks nor robust variances.
  if (is.null(block) && !robust) {
    rival <- camera(y, index, X, weights = weights, inter.gene.cor = NA, trend.var = trend, sort = FALSE)
    at <- match(rownames(rival), table$gene_set)
    table$camera_direction[at] <- rival$Direction
    table$camera_p[at] <- rival$PValue
    table$camera_correlation[at] <- rival$Correlation
  }
  set_results[[case]] <<- table
  E <- if (is(y, "EList")) y$E else y
  design_results[[case]] <<- data.frame(case, sample = colnames(E), block = if (is.null(block)) "" else block,
    weight = if (is.null(weights)) 1 else weights, row = apply(X, 1, function(r) paste(format(r, digits = 16), collapse = ",")))
  facts[[case]] <<- data.frame(case, correlation = if (is.null(correlation)) NA else correlation,
    df_prior = if (length(fit$df.prior) > 1) min(fit$df.prior) else fit$df.prior, n_coefficients = k)
}

# 15 v 15 with an age and a batch.
y <- simulate(30)
group <- rep(0:1, 15)
y[1:20, group == 1] <- y[1:20, group == 1] + 0.5
y <- round(y, 5)
save_matrix(y, "simulated_log2_30")
age <- round(runif(30, 20, 80))
batch <- factor(sample(rep(c("b1", "b2", "b3"), 10)))
X <- model.matrix(~ I(age - mean(age)) + batch + group)
run("plain", y, X)
run("trend", y, X, trend = TRUE)
run("robust", y, X, robust = TRUE)
run("robust_trend", y, X, trend = TRUE, robust = TRUE)
run("array_weights", y, X, weights = arrayWeights(y, X))

# Ten pairs as fixed effects, and thirty samples in blocks of three by duplicate correlation.
z <- y[, 1:20]
run("paired", z, model.matrix(~ factor(rep(1:10, each = 2)) + group[1:20]), trend = TRUE)
block <- rep(sprintf("d%02d", 1:10), each = 3)
donor <- matrix(rnorm(n_genes * 10, 0, 0.4), n_genes)[, rep(1:10, each = 3)]
b <- round(y + donor, 5)
save_matrix(b, "simulated_log2_blocks")
X <- model.matrix(~ group)
correlation <- duplicateCorrelation(b, X, block = block)$consensus.correlation
run("block_correlation", b, X, trend = TRUE, block = block, correlation = correlation)
weights <- arrayWeights(b, X)
correlation <- duplicateCorrelation(b, X, block = block, weights = weights)$consensus.correlation
run("block_correlation_array_weights", b, X, block = block, correlation = correlation, weights = weights)

# 3 v 3, one with equal variances (infinite prior degrees of freedom) and one gene whose residuals vanish.
y <- simulate(6)
y <- round(y, 5)
save_matrix(y, "simulated_log2_6")
run("three_v_three", y, model.matrix(~ rep(0:1, each = 3)), trend = TRUE)
y <- matrix(rnorm(n_genes * 6), n_genes, dimnames = list(genes, sprintf("S%02d", 1:6))) + 8
# Squeezed variances: less spread than chance gives, so no prior degrees of freedom are too many.
X <- model.matrix(~ rep(0:1, each = 3))
residuals <- y - y %*% X %*% solve(crossprod(X)) %*% t(X)
y <- y - residuals + residuals / sqrt(rowMeans(residuals^2)) * runif(n_genes, 0.9, 1.1)
y[3, ] <- c(5, 5, 5, 6, 6, 6)
y <- round(y, 5)
save_matrix(y, "simulated_log2_equal")
suppressWarnings(run("infinite_prior", y, X))
suppressWarnings(run("infinite_prior_trend", y, X, trend = TRUE))

# Counts: four-fold library sizes, filter, TMM, voom.
size <- c(1, 2, 4, 1.5, 3, 1, 2.5, 4, 1, 2, 3.5, 1.2)
group <- rep(0:1, 6)
mu <- exp(runif(n_genes, log(1), log(3000)))
counts <- matrix(0, n_genes, 12, dimnames = list(genes, sprintf("S%02d", 1:12)))
effect <- rnorm(n_genes, 0, 0.4)
donor <- matrix(rnorm(n_genes * 6, 0, 0.3), n_genes)[, rep(1:6, each = 2)]
for (j in 1:12) counts[, j] <- rnbinom(n_genes, mu = mu * size[j] * exp(effect * group[j] + donor[, j]), size = 8)
counts[5, ] <- 0
save_matrix(counts, "simulated_counts")
voomed <- function(X) {
  y <- DGEList(counts)
  y <- y[filterByExpr(y, X), , keep.lib.sizes = FALSE]
  calcNormFactors(y)
}
X <- model.matrix(~ rep(c(-1, 0, 1), 4) + group)
y <- voomed(X)
save_table(data.frame(sample = colnames(y), factor = y$samples$norm.factors, library_size = y$samples$lib.size), "simulated_tmm")
run("voom", voom(y, X), X)
v <- voomWithQualityWeights(y, X)
run("voom_quality_weights", v, X)
block <- rep(sprintf("d%d", 1:6), each = 2)
v <- voom(y, X)
first <- duplicateCorrelation(v, X, block = block)$consensus.correlation
v <- voom(y, X, block = block, correlation = first)
correlation <- duplicateCorrelation(v, X, block = block)$consensus.correlation
run("voom_block_correlation", v, X, block = block, correlation = correlation)

save_table(do.call(rbind, gene_results), "simulated_genes")
save_table(do.call(rbind, set_results), "simulated_set_tests")
save_table(do.call(rbind, design_results), "simulated_designs")
save_table(do.call(rbind, facts), "simulated_facts")
versions <- c(R.version.string, vapply(c("limma", "edgeR", "statmod"), function(p) paste(p, packageVersion(p)), ""))
writeLines(versions, file.path(out, "versions.txt"))
