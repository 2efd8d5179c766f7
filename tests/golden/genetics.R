# Golden numbers of R for genetics: generalised least squares with a known correlation of genes (nlme's gls, and base R's solve),
# and the aggregated Cauchy association test by its formula. Writes inputs and results beside itself:
#   Rscript tests/golden/genetics.R tests/golden
suppressMessages(library(nlme))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20270112)
source(file.path(out, "save_table.R"))

n <- 300
chromosome <- rep(1:3, c(120, 100, 80))
size <- exp(rnorm(n, 3, 1))
density <- runif(n, 0.05, 0.9)
# Correlations fall with distance, to different degrees along the chromosome.
near <- runif(n, 0.2, 0.8)
R <- diag(n)
for (i in 2:n) for (j in max(1, i - 6):(i - 1)) if (chromosome[i] == chromosome[j]) {
  R[i, j] <- R[j, i] <- prod(near[(j + 1):i])
}
z <- drop(t(chol(R + diag(1e-9, n))) %*% rnorm(n)) + 0.2 * log(size)
sets <- data.frame(scattered = as.numeric(runif(n) < 0.1), clustered = as.numeric(seq_len(n) %in% c(20:29, 150:157, 240:242)))

genes <- data.frame(gene = sprintf("G%03d", seq_len(n)), chromosome = chromosome, size = size, density = density, z = z, sets)
save_table(genes, "genetics_genes", 17)
pairs <- which(lower.tri(R) & R != 0, arr.ind = TRUE)
save_table(data.frame(row = pairs[, 1] - 1, column = pairs[, 2] - 1, correlation = R[pairs]), "genetics_correlations", 17)

results <- NULL
for (set in names(sets)) {
  X <- cbind(1, size, log(size), density, log(density), sets[[set]])
  V <- solve(R)
  beta <- solve(t(X) %*% V %*% X, t(X) %*% V %*% z)
  df <- n - ncol(X)
  residual <- z - X %*% beta
  sigma2 <- drop(t(residual) %*% V %*% residual) / df
  se <- sqrt(sigma2 * solve(t(X) %*% V %*% X)[6, 6])
  t <- beta[6] / se
  data <- data.frame(z = z, size = size, density = density, set = sets[[set]], all = factor(1))
  fit <- gls(z ~ size + log(size) + density + log(density) + set, data,
    correlation = corSymm(R[lower.tri(R)], form = ~ 1 | all, fixed = TRUE), method = "REML")
  results <- rbind(results, data.frame(set = set, effect = beta[6], se = se, t = t, df = df,
    p = pt(t, df, lower.tail = FALSE), low = beta[6] - qt(0.975, df) * se, high = beta[6] + qt(0.975, df) * se,
    nlme_effect = unname(coef(fit)["set"]), nlme_se = unname(sqrt(diag(fit$varBeta))["set"])))
}
save_table(results, "genetics_gls", 17)

acat <- function(p) {
  d <- length(p)
  p[p == 1] <- 1 - 1 / d
  statistic <- mean(ifelse(p < 1e-15, 1 / (p * pi), tan((0.5 - p) * pi)))
  pcauchy(statistic, lower.tail = FALSE)
}
cases <- lapply(1:60, function(i) {
  d <- c(1, 2, 5, 40, 400)[1 + i %% 5]
  p <- runif(d)
  if (i %% 3 == 0) p[1] <- 10^-runif(1, 3, 250)
  if (i %% 4 == 0 && d > 1) p[d] <- 1
  p
})
save_table(data.frame(case = rep(seq_along(cases) - 1, lengths(cases)), p = unlist(cases)), "genetics_snps", 17)
save_table(data.frame(case = seq_along(cases) - 1, p = vapply(cases, acat, 0)), "genetics_acat", 17)
writeLines(c(R.version.string, paste("nlme", packageVersion("nlme"))), file.path(out, "genetics_versions.txt"))
