# Golden numbers of robust standard errors (clubSandwich), limits of a standardised difference (noncentral t) and the
# random-effects mean under a half-normal prior on tau (quadrature). Writes inputs and results beside itself:
#   Rscript tests/golden/effect_sizes.R tests/golden
suppressMessages(library(clubSandwich))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20270112)
source(file.path(out, "save_table.R"))

# Robust standard errors: one row per sample and design, one result per design.
people <- function(name, n_target, n_reference, ratio, blocks = NULL, pair = 1) {
  n <- n_target + n_reference
  group <- rep(c(1, 0), c(n_target, n_reference))
  block <- if (is.null(blocks)) rep("", n) else paste0("b", rep_len(seq_len(blocks), n))
  shared <- if (is.null(blocks)) 0 else rnorm(blocks)[match(block, unique(block))]
  data.frame(design = name, group = group, age = round(rnorm(n, 50 + 6 * group, 10)), block = block,
    weight = round(runif(n, 0.4, 2), 3), score = round(0.5 * group + pair * shared + rnorm(n, 0, ifelse(group == 1, 1, ratio)), 6))
}
designs <- rbind(people("two groups", 40, 12, 1.5), people("age", 40, 12, 0.6), people("weights", 25, 9, 1.5),
  people("pairs", 11, 11, 1, blocks = 11), people("blocks of three", 18, 18, 1, blocks = 12))
# Blocks of three lie in one group or in both.
rows <- designs$design == "blocks of three"
designs$block[rows] <- paste0("b", rep(1:12, each = 3))
designs$group[rows] <- c(rep(c(1, 0), each = 12), rep(c(1, 0, 1, 0, 1, 0), 2))
rho <- 0.35

one <- function(name) {
  d <- designs[designs$design == name, ]
  d$sample <- seq_len(nrow(d))
  fit <- switch(name,
    "two groups" = lm(score ~ group, d),
    "age" = lm(score ~ age + group, d),
    "weights" = lm(score ~ age + group, d, weights = weight),
    "pairs" = lm(score ~ block + group, d),
    # Whitened by hand: CR2 takes the symmetric root of a block there; that of `vcovCR` on a gls is another solution.
    "blocks of three" = {
      lower <- t(chol(ifelse(outer(d$block, d$block, "=="), rho, 0) + diag(1 - rho, nrow(d))))
      white <- data.frame(forwardsolve(lower, cbind(score = d$score, one = 1, age = d$age, group = d$group)))
      names(white) <- c("score", "one", "age", "group")
      lm(score ~ one + age + group - 1, white)
    })
  clusters <- if (name == "blocks of three") d$block else d$sample
  # Weighted: the working model is that of the weights; otherwise that of equal variances.
  robust <- if (name == "weights") vcovCR(fit, type = "CR2", cluster = clusters, target = 1 / d$weight, inverse_var = FALSE)
    else vcovCR(fit, type = "CR2", cluster = clusters)
  found <- coef_test(fit, vcov = robust, test = "Satterthwaite")
  found <- found[rownames(found) == "group", ]
  data.frame(design = name, effect = found$beta, se = found$SE, df = found$df, p = found$p_Satt)
}
save_table(designs, "effect_sizes_samples", 17)
save_table(do.call(rbind, lapply(unique(designs$design), one)), "effect_sizes_sandwich", 17)

# Limits of the standardised difference of two groups: the noncentrality that puts the observed t on a tail.
limits <- expand.grid(n_target = c(12, 70, 107), n_reference = c(12, 25, 63), d = c(0, 0.5, 1, 2, 3))
noncentral <- function(i) {
  n1 <- limits$n_target[i]; n2 <- limits$n_reference[i]; df <- n1 + n2 - 2
  unit <- sqrt(1 / n1 + 1 / n2); t <- limits$d[i] / unit
  at <- function(p) uniroot(function(ncp) pt(t, df, ncp) - p, t + c(-12, 12), tol = 1e-12)$root * unit
  data.frame(ci_low = at(0.975), ci_high = at(0.025))
}
save_table(cbind(limits, do.call(rbind, lapply(seq_len(nrow(limits)), noncentral))), "effect_sizes_noncentral", 17)

# Random-effects mean, flat prior on it, half-normal(scale) prior on tau.
studies <- list(c(0.5, 0.4), c(0.9, 0.1), c(0.3, 0.3, 0.3, 0.3, 0.3), c(0.8, 0.2, 0.5), c(-0.2, 0.3, 0.1, 0.9))
errors <- list(c(0.17, 0.22), c(0.15, 0.25), rep(0.2, 5), c(0.2, 0.1, 0.3), c(0.2, 0.2, 0.15, 0.3))
scale <- 0.3
posterior <- function(i) {
  y <- studies[[i]]; v <- errors[[i]]^2
  mean_at <- function(tau) { w <- 1 / (v + tau^2); sum(w * y) / sum(w) }
  se_at <- function(tau) 1 / sqrt(sum(1 / (v + tau^2)))
  height <- function(tau) {
    w <- 1 / (v + tau^2)
    exp(-0.5 * sum(w * (y - mean_at(tau))^2)) * sqrt(prod(w) / sum(w)) * 2 * dnorm(tau, 0, scale)
  }
  over <- function(f) integrate(Vectorize(f), 0, 3, rel.tol = 1e-11, subdivisions = 2000L)$value
  total <- over(height)
  below <- function(x) over(function(tau) height(tau) * pnorm((x - mean_at(tau)) / se_at(tau))) / total
  mean <- over(function(tau) height(tau) * mean_at(tau)) / total
  at <- function(p) uniroot(function(x) below(x) - p, mean + c(-4, 4), tol = 1e-11)$root
  data.frame(study = i, effect = mean, ci_low = at(0.025), ci_high = at(0.975), below_zero = below(0))
}
rows <- do.call(rbind, lapply(seq_along(studies), function(i)
  data.frame(study = i, effect = studies[[i]], se = errors[[i]])))
save_table(rows, "effect_sizes_tau_studies", 17)
save_table(do.call(rbind, lapply(seq_along(studies), posterior)), "effect_sizes_tau", 17)
writeLines(c(R.version.string, paste("clubSandwich", packageVersion("clubSandwich"))),
  file.path(out, "effect_sizes_versions.txt"))
