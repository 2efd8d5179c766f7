# Golden numbers of metafor on simulated effects, studies missing for some rows. Writes inputs and results beside itself:
#   Rscript tests/golden/pooling.R tests/golden
suppressMessages(library(metafor))
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20260105)

source(file.path(out, "save_table.R"))

n <- 160
studies <- 7
present <- c(rep(2:7, length.out = n - 10), rep(1, 10))
sample_size <- c(125, 133, 40, 60, 18, 250, 33)
effects <- ses <- matrix(NA_real_, n, studies)
for (i in seq_len(n)) {
  here <- sort(sample(studies, present[i]))
  se <- sqrt(4 / sample_size[here]) * runif(length(here), 0.8, 1.3)
  tau <- c(0, 0, 0.1, 0.4, 1)[1 + i %% 5]
  effects[i, here] <- rnorm(length(here), 0.3, sqrt(se^2 + tau^2))
  ses[i, here] <- se
}

tight <- list(threshold = 1e-14, tol = 1e-14, maxiter = 100000)
one <- function(i) {
  here <- !is.na(effects[i, ])
  y <- effects[i, here]
  v <- ses[i, here]^2
  common <- rma(y, v, method = "EE")
  weighted <- rma(y, v, weights = sample_size[here], method = "EE")
  row <- data.frame(row = i - 1, weighted_effect = c(weighted$beta), weighted_se = weighted$se, k = sum(here), common_effect = c(common$beta), common_se = common$se,
    common_ci_low = common$ci.lb, common_ci_high = common$ci.ub, common_p = common$pval)
  z <- sum(sqrt(sample_size[here]) * y / sqrt(v)) / sqrt(sum(sample_size[here]))
  if (sum(here) == 1) {
    empty <- c("q", "q_p", "stouffer_z", "stouffer_p", "common_low", "common_high", "reml_tau2", "reml_effect",
      "reml_se", "reml_p", "hk_se", "hk_ci_low", "hk_ci_high", "hk_p", "i2", "prediction_low", "prediction_high",
      "dl_tau2", "dl_effect", "dl_se", "dl_p", "pm_tau2", "reml_low", "reml_high")
    row[empty] <- NA_real_
    return(row)
  }
  left <- leave1out(common)$estimate
  plain <- rma(y, v, method = "REML", control = tight)
  knapp <- rma(y, v, method = "REML", test = "adhoc", control = tight)
  ahead <- predict(knapp)
  dl <- rma(y, v, method = "DL")
  pm <- rma(y, v, method = "PM", control = tight)
  without <- vapply(seq_along(y), function(j)
    if (length(y) == 2) y[-j] else c(rma(y[-j], v[-j], method = "REML", control = tight)$beta), 0)
  cbind(row, q = common$QE, q_p = common$QEp, stouffer_z = z, stouffer_p = 2 * pnorm(-abs(z)),
    common_low = min(left), common_high = max(left), reml_tau2 = plain$tau2, reml_effect = c(plain$beta),
    reml_se = plain$se, reml_p = plain$pval, hk_se = knapp$se, hk_ci_low = knapp$ci.lb, hk_ci_high = knapp$ci.ub,
    hk_p = knapp$pval, i2 = knapp$I2, prediction_low = ahead$pi.lb, prediction_high = ahead$pi.ub,
    dl_tau2 = dl$tau2, dl_effect = c(dl$beta), dl_se = dl$se, dl_p = dl$pval, pm_tau2 = pm$tau2,
    reml_low = min(without), reml_high = max(without))
}
results <- do.call(rbind, lapply(seq_len(n), one))
colnames(effects) <- sprintf("effect_%d", seq_len(studies))
colnames(ses) <- sprintf("se_%d", seq_len(studies))
save_table(data.frame(effects, ses), "pooling_studies", 17)
save_table(results, "pooling_metafor", 17)
writeLines(c(R.version.string, paste("metafor", packageVersion("metafor"))), file.path(out, "pooling_versions.txt"))
