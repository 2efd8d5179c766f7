# Golden numbers of a slope with HC3 standard errors (sandwich) beside a cubic spline (splines). Writes inputs and results
# beside itself:
#   Rscript tests/golden/adjusted_slope.R tests/golden
suppressMessages(library(sandwich))
library(splines)
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20270301)
source(file.path(out, "save_table.R"))

units <- function(name, n) {
  degree <- pmax(1, round(exp(rnorm(n, 2, 1.6))))
  score <- round(rbinom(n, degree, 0.03) / degree, 6)
  label <- as.numeric(runif(n) < plogis(-2.5 + 0.3 * log(degree) + 4 * score))
  data.frame(design = name, degree = degree, score = score, label = label)
}
data <- rbind(units("few", 45), units("many", 600))
one <- function(name) {
  d <- data[data$design == name, ]
  x <- log(d$degree)
  knots <- quantile(x, 0:3 / 3)
  fit <- lm(label ~ bs(x, knots = knots[2:3], Boundary.knots = knots[c(1, 4)]) + score, d)
  se <- sqrt(vcovHC(fit, type = "HC3")["score", "score"])
  t <- coef(fit)[["score"]] / se
  data.frame(design = name, estimate = coef(fit)[["score"]], se = se, df = fit$df.residual,
    p_higher = pt(t, fit$df.residual, lower.tail = FALSE))
}
save_table(data, "adjusted_slope_units")
save_table(do.call(rbind, lapply(unique(data$design), one)), "adjusted_slope_result")
writeLines(c(R.version.string, paste("sandwich", packageVersion("sandwich"))), file.path(out, "adjusted_slope_versions.txt"))
