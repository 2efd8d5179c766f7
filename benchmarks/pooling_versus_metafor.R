# The rival of pooling_versus_metafor.py: prints metafor's seconds, writes results.csv.
suppressMessages(library(metafor))
folder <- commandArgs(trailingOnly = TRUE)[1]
effects <- as.matrix(read.csv(file.path(folder, "effects.csv")))
ses <- as.matrix(read.csv(file.path(folder, "ses.csv")))
control <- list(threshold = 1e-10, maxiter = 10000)
results <- matrix(NA_real_, nrow(effects), 3, dimnames = list(NULL, c("common", "effect", "se")))
seconds <- system.time(for (i in seq_len(nrow(effects))) {
  here <- !is.na(effects[i, ])
  common <- rma(effects[i, here], sei = ses[i, here], method = "EE")
  random <- rma(effects[i, here], sei = ses[i, here], method = "REML", test = "knha", control = control)
  results[i, ] <- c(common$beta, random$beta, random$se)
})[["elapsed"]]
write.csv(results, file.path(folder, "results.csv"), row.names = FALSE)
cat(seconds, "\n")
