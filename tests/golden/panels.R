# Golden numbers of a panel: contrasts of one linear model by lm and multcomp, weights of dose shapes by DoseFinding, and the
# partial conjunction by its definition. Writes inputs and results beside itself:
#   Rscript tests/golden/panels.R tests/golden
suppressMessages({library(multcomp); library(DoseFinding)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20261127)
source(file.path(out, "save_table.R"))

arms <- rep(c("vehicle", "d1", "d2", "d3", "x", "y"), c(5, 3, 4, 3, 3, 4))
doses <- c(0, 1, 5, 25)
n <- length(arms)
age <- round(runif(n, 20, 60))
genes <- 12
values <- matrix(rnorm(genes * n, 8), genes)
values[1:6, arms %in% c("d2", "d3")] <- values[1:6, arms %in% c("d2", "d3")] - 1
samples <- data.frame(sample = sprintf("s%02d", seq_len(n)), arm = arms, age = age, t(values))
names(samples)[-(1:3)] <- sprintf("g%02d", seq_len(genes))
save_table(samples, "panels_samples", 17)

arm <- factor(arms, levels = unique(arms))
X <- model.matrix(~ 0 + arm + age)
one <- c(-1, 0, 0, 0, 0, 0, 0)
contrasts <- rbind(
  d1 = c(-1, 1, 0, 0, 0, 0, 0), d2 = c(-1, 0, 1, 0, 0, 0, 0), d3 = c(-1, 0, 0, 1, 0, 0, 0),
  d3_over_others = c(0, 0, 0, 1, -0.5, -0.5, 0))
S <- solve(crossprod(X))[1:4, 1:4]
best <- function(mu) {
  w <- solve(S, mu - c(solve(S, rep(1, 4)) %*% mu) / sum(solve(S)))
  w / sqrt(sum(w^2))
}
mods <- Mods(linear = NULL, emax = sqrt(1 * 25), doses = doses)
optimal <- optContr(mods, doses = doses, S = S)$contMat
weights <- rbind(linear = optimal[, "linear"], plateau = best(c(0, 1, 1, 1)), Emax = optimal[, "emax"], "top only" = best(c(0, 0, 0, 1)))
save_table(data.frame(shape = rownames(weights), weights), "panels_weights")
every <- rbind(contrasts, cbind(weights, 0, 0, 0))
rows <- list()
for (gene in seq_len(genes)) {
  fit <- lm(values[gene, ] ~ 0 + X)
  tested <- summary(glht(fit, linfct = every), test = univariate())$test
  rows[[gene]] <- data.frame(gene = gene, contrast = rownames(every), estimate = tested$coefficients, se = tested$sigma, t = tested$tstat, p = tested$pvalues)
}
save_table(do.call(rbind, rows), "panels_contrasts")

p <- matrix(runif(60 * 5)^2, 60)
conjunction <- sapply(1:5, function(u) pmin(1, (5 - u + 1) * apply(p, 1, function(row) sort(row)[u])))
save_table(data.frame(p, conjunction), "panels_conjunction", 17)
# The largest of the four shapes, one-sided, by the multivariate t of their common residual variance.
shapes <- every[rownames(weights), ]
R <- cov2cor(shapes %*% solve(crossprod(X)) %*% t(shapes))
largest <- function(gene) {
  tested <- summary(glht(lm(values[gene, ] ~ 0 + X), linfct = shapes), test = univariate())$test$tstat
  p <- function(q) 1 - pmvt(upper = rep(q, 4), corr = R, df = n - ncol(X), algorithm = GenzBretz(maxpts = 2e6, abseps = 1e-6))[[1]]
  data.frame(gene, p_up = p(max(tested)), p_down = p(max(-tested)))
}
save_table(do.call(rbind, lapply(seq_len(genes), largest)), "panels_largest")
writeLines(c(R.version.string, paste("multcomp", packageVersion("multcomp")), paste("DoseFinding", packageVersion("DoseFinding"))), file.path(out, "panels_versions.txt"))
