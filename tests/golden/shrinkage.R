# Golden numbers of adaptive shrinkage (Stephens 2017): the model of ashr with mixcompdist = "normal" and its defaults (grid of
# autoselect.mixsd, nullweight 10, prior "nullbiased"), with the optimiser that ashr calls, mixsqp; ashr itself is not in Debian.
# Standard errors on few degrees of freedom as Lu and Stephens 2019. Writes inputs and results beside itself:
#   Rscript tests/golden/shrinkage.R tests/golden
suppressMessages(library(mixsqp))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20270114)

source(file.path(out, "save_table.R"))

grid_of <- function(b, s) {
  low <- min(s) / 10
  high <- if (all(b^2 <= s^2)) 8 * low else 2 * sqrt(max(b^2 - s^2))
  n <- ceiling(log2(high / low) / log2(sqrt(2)))
  c(0, sqrt(2)^((-n):0) * high)
}

ash_normal <- function(b, s, nullweight = 10) {
  sds <- grid_of(b, s)
  total <- sqrt(outer(s^2, sds^2, "+"))
  lik <- dnorm(b, 0, total)
  prior <- c(nullweight, rep(1, length(sds) - 1))
  # as ashr's mixSQP: the prior enters as weighted rows of an identity matrix
  rows <- rbind(diag(length(sds)), lik)
  w <- c(prior - 1, rep(1, length(b)))
  keep <- w > 0
  fit <- mixsqp(rows[keep, ], w[keep] / sum(w), control = list(verbose = FALSE, maxiter.sqp = 2000, convtol.sqp = 1e-12, eps = 1e-14))
  pi <- fit$x / sum(fit$x)
  post <- t(t(lik) * pi)
  post <- post / rowSums(post)
  m <- outer(s, sds, function(s, t) t^2 / (s^2 + t^2)) * b
  v <- sqrt(outer(s, sds, function(s, t) s^2 * t^2 / (s^2 + t^2)))
  negative <- rowSums(post[, -1] * pnorm(0, m[, -1], v[, -1]))
  zero <- post[, 1]
  lfsr <- ifelse(negative > 0.5 * (1 - zero), 1 - negative, negative + zero)
  mean <- rowSums(post * m)
  data.frame(mean = mean, sd = sqrt(rowSums(post * (m^2 + v^2)) - mean^2), lfsr = lfsr, null_share = pi[1])
}

cases <- list(
  sparse = list(n = 146, share = 0.2, size = 2, df = 2 + 4.5),
  dense = list(n = 60, share = 0.8, size = 1, df = 8),
  none = list(n = 146, share = 0, size = 0, df = Inf),
  few = list(n = 24, share = 0.3, size = 6, df = 4)
)
rows <- do.call(rbind, lapply(names(cases), function(name) {
  one <- cases[[name]]
  truth <- ifelse(runif(one$n) < one$share, rnorm(one$n, 0, one$size), 0)
  s <- 0.5 * sqrt(6 / rchisq(one$n, 6))
  b <- rnorm(one$n, truth, s)
  t <- b / s
  # the standard error whose normal p is that of the t test
  error <- if (is.finite(one$df)) b / sign(t) / -qnorm(pt(-abs(t), one$df)) else s
  cbind(data.frame(case = name, effect = b, error = s, df = one$df, effective = error), ash_normal(b, error))
}))
save_table(rows, "shrinkage_ash")
writeLines(c(R.version.string, paste("mixsqp", packageVersion("mixsqp"))), file.path(out, "shrinkage_versions.txt"))
