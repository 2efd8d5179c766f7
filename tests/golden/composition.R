# Golden numbers of effects that are adjusted for the mix of cells: lm with the cells' marker scores beside the declared covariates, errors by
# clubSandwich, slopes without the scores' own error (errors in variables, by its normal equations), genes by limma. Writes inputs and results
# beside itself:
#   Rscript tests/golden/composition.R tests/golden
suppressMessages({library(limma); library(clubSandwich)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20261130)
source(file.path(out, "save_table.R"))

n <- 42; n_genes <- 90
group <- rep(c(1, 0), c(18, 24))
age <- round(rnorm(n, 50 + 4 * group, 9))
cells <- matrix(rnorm(n * 3), n) + outer(group, c(0.7, -0.4, 0.1))
genes <- sprintf("g%02d", seq_len(n_genes))
set <- genes[1:12]
markers <- list(first = genes[31:38], second = genes[41:47], third = genes[51:56])
loading <- matrix(0, n_genes, 3, dimnames = list(genes, NULL))
loading[set, ] <- rep(c(0.5, -0.3, 0.2), each = 12)
for (i in 1:3) loading[markers[[i]], i] <- 1.3
y <- runif(n_genes, 5, 11) + exp(rnorm(n_genes, -1, 0.3)) * (loading %*% t(cells) + matrix(rnorm(n_genes * n), n_genes) + outer(ifelse(genes %in% set, 0.6, 0), group))
y <- round(y + outer(rnorm(n_genes, 0, 0.01), age - 50), 5)
rownames(y) <- genes
save_table(data.frame(sample = sprintf("s%02d", seq_len(n)), group, age, t(y)), "composition_samples")
save_table(do.call(rbind, lapply(names(markers), function(m) data.frame(cell = m, gene = markers[[m]]))), "composition_markers")

base <- cbind(1, age)
residual_of <- function(v) lm.fit(cbind(base, group), v)$residuals
df <- n - 3
u <- sqrt(solve(crossprod(cbind(base, group)))[3, 3])
J <- function(df) exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
spread <- function(v) {
  e <- sum(residual_of(v)^2); contrast <- (lm.fit(cbind(base, group), v)$coefficients[3] / u)^2
  sqrt((e + min(contrast, qt(0.975, df)^2 * e / df)) / (df + 1))
}
score <- colMeans(y[set, ] / apply(y[set, ], 1, spread))
score <- score / sqrt(sum(lm.fit(cbind(1, group), score)$residuals^2) / (n - 2))
proxy <- sapply(markers, function(m) colMeans(y[m, ] / apply(y[m, ], 1, function(v) sqrt(sum(residual_of(v)^2) / df))))
factor <- J(n - 2)
estimate <- function(of, proxies = NULL, taken = 0) {
  d <- data.frame(cbind(score, age, proxies, group))
  fit <- lm(score ~ ., d)
  last <- length(coef(fit))
  found <- coef_test(fit, vcovCR(fit, cluster = seq_len(n), type = "CR2"), test = "Satterthwaite")[last, ]
  g <- found$beta * factor
  own <- sqrt((found$SE * factor)^2 + taken)
  se <- sqrt(own^2 + g^2 / (2 * (n - 2)))
  data.frame(of, effect = g, effect_se = se, ci_low = g - qt(0.975, found$df) * se, ci_high = g + qt(0.975, found$df) * se, df = found$df,
    p_value = 2 * pt(-abs(g / own), found$df))
}
ordinary <- function(of, v) {
  e <- sqrt(sum(residual_of(v)^2) / df)
  g <- lm.fit(cbind(base, group), v)$coefficients[3] / e * factor; se <- u * factor
  data.frame(of, effect = g, effect_se = se, ci_low = g - qt(0.975, df) * se, ci_high = g + qt(0.975, df) * se, df, p_value = 2 * pt(-abs(g / se), df))
}
# Factors whose group differences were themselves estimated, with these variances of their coordinates.
variances <- c(1.5, 0.8, 2)
slopes <- coef(lm(score ~ age + group + proxy))[4:6]
E <- apply(proxy, 2, residual_of)
S <- crossprod(E)
bound <- solve(S - 0.3 * diag(diag(S)), crossprod(E, residual_of(score)))
shifts <- apply(proxy, 2, function(v) lm.fit(cbind(base, group), v)$coefficients[3])
total <- lm.fit(cbind(base, group), score)$coefficients[3]
stopifnot(min(eigen(cov2cor(S) - 0.3 * diag(3))$values) > 0.1)
rows <- rbind(estimate("total"), estimate("adjusted", proxy), estimate("with errors of factors", proxy, sum(slopes^2 * variances) * (u * factor)^2),
  do.call(rbind, lapply(names(markers), function(m) estimate(paste("alone", m), proxy[, m]))),
  do.call(rbind, lapply(names(markers), function(m) ordinary(paste("shift", m), proxy[, m]))),
  data.frame(of = "bound", effect = (total - sum(bound * shifts)) * factor, effect_se = NA, ci_low = NA, ci_high = NA, df = NA, p_value = NA))
save_table(rows, "composition_effects", 17)
# The parametric bootstrap of the difference and of the bound, drawn as samples: scores of people around their fitted values, with the
# residual covariance of the score and the proxies; each draw is counted in its own residual spread.
fitted_of <- function(v) v - residual_of(v)
together <- cbind(score, proxy)
center <- apply(together, 2, fitted_of)
root <- chol(crossprod(apply(together, 2, residual_of)) / df)
spread_of <- function(v) sqrt(sum(residual_of(v)^2) / df)
design <- qr(cbind(base, group))
draws <- t(replicate(20000, {
  d <- center + matrix(rnorm(n * 4), n) %*% root
  e <- qr.resid(design, d); b <- qr.coef(design, d)[3, ]
  unit <- spread_of(score) / sqrt(sum(e[, 1]^2) / df)
  S <- crossprod(e[, -1]); xy <- crossprod(e[, -1], e[, 1])
  R <- cov2cor(S) - 0.3 * diag(3); v <- eigen(R, symmetric = TRUE)
  scale <- sqrt(diag(S))
  slopes <- v$vectors %*% (crossprod(v$vectors, xy / scale) / pmax(v$values, 0.1)) / scale
  c(difference = sum(solve(S, xy) * b[-1]), corrected = b[[1]] - sum(slopes * b[-1])) * unit * factor
}))
save_table(data.frame(of = colnames(draws), low = apply(draws, 2, quantile, 0.025), high = apply(draws, 2, quantile, 0.975), sd = apply(draws, 2, sd)),
  "composition_bootstrap", 17)
# Cronbach's alpha of standardised markers.
alpha <- sapply(markers, function(m) { R <- cor(apply(y[m, ], 1, residual_of)); k <- length(m); r <- mean(R[lower.tri(R)]); k * r / (1 + (k - 1) * r) })
save_table(data.frame(cell = names(markers), reliability = alpha), "composition_reliability", 17)
fit <- eBayes(lmFit(y, cbind(base, proxy, group)), trend = TRUE)
save_table(data.frame(gene = genes, log2_fold_change = fit$coefficients[, 6], t = fit$t[, 6], df = fit$df.total, p_value = fit$p.value[, 6]), "composition_genes", 17)
writeLines(c(R.version.string, vapply(c("limma", "clubSandwich"), function(p) paste(p, packageVersion(p)), "")), file.path(out, "composition_versions.txt"))
