# Golden numbers of statistics that R has by themselves: adjusted p-values and binomial limits (stats), Huber regression (MASS) with robust
# errors (clubSandwich), the area under a ROC curve (pROC; clustered: Obuchowski 1997 written out), the ratio of two variances (stats), the
# moderation of a screen (limma's fitFDist; its mean over priors by optimize). Writes inputs and results beside itself:
#   Rscript tests/golden/closed_forms.R tests/golden
suppressMessages({library(MASS); library(clubSandwich); library(pROC); library(limma)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20261201)
source(file.path(out, "save_table.R"))

p <- signif(c(runif(30), runif(12)^4, 0.03, 0.03, 1, 1e-200), 6)
save_table(data.frame(p, bh = p.adjust(p, "BH"), holm = p.adjust(p, "holm"), bonferroni = min(p.adjust(p, "bonferroni"))), "closed_forms_adjusted", 17)

hits <- data.frame(n = rep(c(8, 60, 1000), each = 4), hits = c(0, 1, 5, 8, 0, 3, 31, 60, 0, 4, 50, 1000))
limits <- t(mapply(function(n, k) c(binom.test(k, n)$conf.int, binom.test(k, n, alternative = "less")$conf.int[2]), hits$n, hits$hits))
save_table(cbind(hits, ci_low = limits[, 1], ci_high = limits[, 2], upper_95 = limits[, 3]), "closed_forms_binomial", 17)

lists <- expand.grid(hits = c(0, 1, 4, 9), in_set = c(10, 60), listed = c(15, 80), universe = c(200, 5000))
lists$p_value <- phyper(lists$hits - 1, lists$in_set, lists$universe - lists$in_set, lists$listed, lower.tail = FALSE)
save_table(lists, "closed_forms_lists", 17)

# Huber's regression with its pseudo-values: HC2 of what the limit leaves of each residual, over the fitted share of people within it.
huber <- function(case, group, x, score) {
  d <- data.frame(score, x, group)
  fit <- rlm(score ~ x + group, d, psi = psi.huber, k = 1.345, scale.est = "MAD", maxit = 2000, acc = 1e-13)
  left <- resid(fit); limit <- 1.345 * median(abs(left)) / 0.6745
  pulled <- pmin(pmax(left, -limit), limit)
  share <- pmax(fitted(lm(as.numeric(abs(left) <= limit) ~ x + group)), 0.1)
  pseudo <- lm(I(fitted(fit) + pulled / share) ~ x + group)
  found <- coef_test(pseudo, vcovCR(pseudo, cluster = seq_along(score), type = "CR2"), test = "Satterthwaite")[3, ]
  effect <- coef(fit)[[3]]
  list(samples = data.frame(case, group, x, score), result = data.frame(case, effect, ratio = effect / coef(lm(score ~ x + group))[[3]], df = found$df,
    p_value = 2 * pt(-abs(effect / found$SE), found$df)))
}
few <- rep(c(1, 0), c(9, 14)); many <- rep(c(1, 0), c(40, 25))
cases <- list(huber("few", few, round(rnorm(23), 3), round(rt(23, 3) + 0.8 * few, 6)), huber("many", many, round(rnorm(65), 3), round(rt(65, 2) * ifelse(many == 1, 1, 2) + 0.5 * many, 6)))
save_table(do.call(rbind, lapply(cases, `[[`, "samples")), "closed_forms_huber_samples")
save_table(do.call(rbind, lapply(cases, `[[`, "result")), "closed_forms_huber", 17)

# Areas: units of their own (DeLong), and units of clusters.
units <- data.frame(known = rep(c(1, 0), c(22, 38)), score = round(c(rnorm(22, 0.8), rnorm(38)), 1))
units$cluster <- sample(sprintf("c%02d", 1:17), 60, replace = TRUE)
r <- roc(units$known, units$score, levels = c(0, 1), direction = "<", quiet = TRUE)
obuchowski <- function(known, score, cluster) {
  psi <- function(a, b) ifelse(a > b, 1, ifelse(a == b, 0.5, 0))
  x <- score[known == 1]; y <- score[known == 0]; cx <- cluster[known == 1]; cy <- cluster[known == 0]
  area <- mean(outer(x, y, psi)); vx <- sapply(x, function(a) mean(psi(a, y))); vy <- sapply(y, function(b) mean(psi(x, b)))
  all <- unique(cluster); m <- length(x); n <- length(y)
  X <- sapply(all, function(c) sum(vx[cx == c] - area)); Y <- sapply(all, function(c) sum(vy[cy == c] - area))
  I10 <- length(unique(cx)); I01 <- length(unique(cy)); I <- length(all)
  variance <- I10 / ((I10 - 1) * m) * sum(X^2) / m + I01 / ((I01 - 1) * n) * sum(Y^2) / n + 2 * I / (I - 1) * sum(X * Y) / (m * n)
  c(area, variance, I)
}
o <- obuchowski(units$known, units$score, units$cluster)
save_table(units, "closed_forms_roc_units")
areas <- rbind(data.frame(case = "alone", area = as.numeric(auc(r)), variance = var(r), n = 60), data.frame(case = "clustered", area = o[1], variance = o[2], n = o[3]))
save_table(transform(areas, ci_low = area - qt(0.975, n - 1) * sqrt(variance), ci_high = area + qt(0.975, n - 1) * sqrt(variance)), "closed_forms_roc", 17)

# Two variances, degrees of freedom of each corrected for tails (Shoemaker 2003).
scores <- data.frame(group = rep(c(1, 0), c(31, 24)), score = round(c(rt(31, 5) * 1.6, rt(24, 5)), 6))
a <- scores$score[scores$group == 1]; b <- scores$score[scores$group == 0]
test <- var.test(a, b)
standard <- c((a - mean(a)) / sqrt(mean((a - mean(a))^2)), (b - mean(b)) / sqrt(mean((b - mean(b))^2)))
tails <- mean(standard^4)
free <- function(n) 2 * n / (tails - (n - 3) / (n - 1))
save_table(scores, "closed_forms_variances_samples")
save_table(data.frame(ratio = test$estimate[[1]], ratio_low = test$estimate[[1]] / qf(0.975, free(31), free(24)),
  ratio_high = test$estimate[[1]] / qf(0.025, free(31), free(24))), "closed_forms_variances", 17)

# A screen: compounds by donors, some missing; the prior of limma, and p averaged over priors by their likelihood.
compounds <- 40
differences <- matrix(rnorm(compounds * 4, rep(c(0.8, 0), c(6, 34))) * sqrt(5 / rchisq(compounds, 5)) * 0.5, compounds)
differences[cbind(sample(compounds, 15), 4)] <- NA
differences <- round(differences, 6)
depth <- round(runif(compounds, 14, 20), 3)
differences <- round(differences * 2^((17 - depth) / 6), 6)
save_table(data.frame(depth, differences), "closed_forms_screen_differences", 17)
screen <- function(covariate) {
  n <- rowSums(!is.na(differences)); df <- n - 1; effect <- rowMeans(differences, na.rm = TRUE)
  s2 <- apply(differences, 1, var, na.rm = TRUE)
  prior <- fitFDist(s2, df, covariate = covariate)
  scale <- rep_len(prior$scale, compounds)
  shape <- scale / exp(mean(log(scale)))
  x <- s2 / shape
  share <- seq(0.02, 0.98, length.out = 25)
  d0 <- c(median(df) * share / (1 - share), 1e6)
  fits <- lapply(d0, function(d) optimize(function(ls) sum(df(x / exp(ls), df, d, log = TRUE) - ls), log(mean(x)) + c(-8, 8), maximum = TRUE, tol = 1e-13))
  height <- sapply(fits, `[[`, "objective"); weight <- exp(height - max(height)); weight <- weight / sum(weight)
  total <- outer(rep(1, compounds), d0) + df
  posterior <- (df * s2 + outer(shape, d0 * exp(sapply(fits, `[[`, "maximum")))) / total
  error <- sqrt(posterior / n)
  freedom <- pmin(total, sum(df))
  p_at <- function(i, value) sum(weight * 2 * pt(-abs(value) / error[i, ], freedom[i, ]))
  p <- sapply(seq_len(compounds), function(i) p_at(i, effect[i]))
  half <- sapply(seq_len(compounds), function(i) uniroot(function(h) p_at(i, h) - 0.05, c(1e-6, 100), tol = 1e-13)$root)
  data.frame(effect, ci_low = effect - half, ci_high = effect + half, p_value = p, error = abs(effect) / qnorm(p / 2, lower.tail = FALSE),
    prior_sd = sqrt(median(scale)), prior_df = prior$df2)
}
save_table(rbind(data.frame(case = "plain", screen(NULL)), data.frame(case = "depth", screen(depth))), "closed_forms_screen", 17)

writeLines(c(R.version.string, vapply(c("MASS", "clubSandwich", "pROC", "limma"), function(p) paste(p, packageVersion(p)), "")), file.path(out, "closed_forms_versions.txt"))
