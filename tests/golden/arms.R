# Golden numbers of the arms of a panel in one model: errors of lm where one variance serves all arms, HC2 (clubSandwich) where rows of an
# arm stand for fewer repeats, CR2 where blocks are the units; p of limma's fry, or of the same score with those errors if larger.
# Writes inputs and results beside itself:
#   Rscript tests/golden/arms.R tests/golden
suppressMessages({library(limma); library(clubSandwich)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(20261129)
source(file.path(out, "save_table.R"))

n_genes <- 50
genes <- sprintf("g%02d", seq_len(n_genes))
inside <- 1:14
arms <- c("vehicle", "a", "b", "c", "x", "y")
shift <- c(vehicle = 0, a = -0.4, b = -0.7, c = -1, x = 0.1, y = 0)

panel <- function(case, arm, donor = NULL, plate = NULL) {
  n <- length(arm)
  y <- matrix(rnorm(n_genes * n, 8, 0.3), n_genes)
  y[inside, ] <- y[inside, ] + rep(shift[arm] + rnorm(n, 0, 0.2), each = length(inside))
  if (!is.null(donor)) {
    u <- unique(donor)
    level <- matrix(rnorm(n_genes * length(u), 0, 0.5), n_genes)
    level[inside, ] <- level[inside, ] + rep(rnorm(length(u), 0, 0.3), each = length(inside))
    y <- y + level[, match(donor, u)]
  }
  rownames(y) <- genes
  data.frame(case, sample = sprintf("s%03d", seq_len(n)), arm, donor = if (is.null(donor)) "" else donor, plate = if (is.null(plate)) NA else plate,
    t(round(y, 5)))
}
# Donors by arm with some number of cultures each.
cultures <- function(donors, per) do.call(rbind, lapply(arms, function(a) data.frame(arm = a, donor = rep(donors, per[[a]]))))
even <- cultures(sprintf("D%d", 1:4), setNames(rep(list(rep(2, 4)), 6), arms))
uneven <- cultures(sprintf("D%d", 1:4), list(vehicle = c(4, 3, 4, 4), a = rep(1, 4), b = c(4, 4, 2, 4), c = c(1, 2, 1, 1), x = rep(3, 4), y = c(4, 1, 4, 1)))
loose <- cultures(sprintf("D%d", 1:8), list(vehicle = c(2, 1, 1, 1, 3, 1, 1, 1), a = c(1, 1, 1, 1, 1, 0, 0, 0), b = c(0, 0, 1, 1, 1, 1, 1, 1),
  c = c(1, 0, 1, 0, 1, 0, 1, 0), x = rep(1, 8), y = c(1, 1, 1, 1, 0, 0, 0, 2)))
held <- cultures(sprintf("D%d", 1:5), list(vehicle = c(2, 1, 2, 2, 1), a = c(2, 2, 1, 1, 1), b = c(1, 1, 1, 2, 3), c = rep(1, 5), x = c(1, 2, 1, 2, 1), y = c(1, 1, 2, 1, 1)))
plain <- rep(arms, c(5, 3, 4, 3, 3, 4))
samples <- rbind(
  panel("plain", plain, plate = round(runif(length(plain), 20, 60))),
  panel("merged evenly", even$arm, even$donor), panel("merged unevenly", uneven$arm, uneven$donor),
  panel("correlation", loose$arm, loose$donor), panel("held repeats", held$arm, held$donor, round(runif(nrow(held), 1, 9))))
save_table(samples, "arms_samples")

one <- function(case) {
  d <- samples[samples$case == case, ]
  fixed <- case %in% c("merged evenly", "merged unevenly", "held repeats"); correlated <- case == "correlation"
  repeats <- rep(1, nrow(d))
  if (startsWith(case, "merged")) {
    key <- paste(d$arm, d$donor); first <- !duplicated(key)
    means <- t(sapply(key[first], function(k) colMeans(d[key == k, genes, drop = FALSE])))
    repeats <- as.vector(table(key)[key[first]])
    d <- d[first, ]; d[genes] <- means
  }
  y <- t(as.matrix(d[genes])); n <- nrow(d)
  X <- sapply(arms, function(a) as.numeric(d$arm == a))
  if (!is.na(d$plate[1])) X <- cbind(X, plate = d$plate)
  if (fixed) {
    reference <- names(which.max(table(d$donor)))
    X <- cbind(X, sapply(setdiff(sort(unique(d$donor)), reference), function(b) as.numeric(d$donor == b)))
  }
  rho <- if (correlated) duplicateCorrelation(y, X, block = d$donor)$consensus.correlation else 0
  C <- diag(n)
  if (correlated) C <- ifelse(outer(d$donor, d$donor, "=="), rho, 0) + diag(1 - rho, n)
  L <- t(chol(C))
  of_blocks <- correlated || case == "held repeats"
  units <- if (of_blocks) d$donor else d$sample
  share <- 1 / repeats
  H <- X %*% solve(crossprod(X), t(X))
  own_errors <- function(w) {
    a <- drop(w %*% solve(crossprod(X), t(X)))
    min(share) < max(share) && sum(a^2 * share) > 1.1 * sum((1 - diag(H)) * share) / (n - ncol(X)) * sum(a^2)
  }
  contrast <- function(a) { w <- setNames(rep(0, ncol(X)), colnames(X)); w[a] <- 1; w["vehicle"] <- -1; w }
  others <- (contrast("x") + contrast("y")) / 2
  S <- solve(crossprod(X)); k <- rbind(contrast("a"), contrast("b"), contrast("c")); S <- k %*% S %*% t(k)
  steps <- 0:2; level <- sum(solve(S, steps)) / sum(solve(S))
  trend <- solve(S, steps - level)
  over <- function(a) contrast(a) - others
  wanted <- list(a = contrast("a"), b = contrast("b"), c = contrast("c"), x = contrast("x"), y = contrast("y"),
    "a over others" = over("a"), "b over others" = over("b"), "c over others" = over("c"), trend = drop(trend %*% k),
    "treated over others" = (over("a") + over("b") + over("c")) / 3, "trend over others" = drop(trend %*% rbind(over("a"), over("b"), over("c"))))
  test <- function(name) {
    w <- wanted[[name]]
    w[abs(w) < 1e-9 * max(abs(w))] <- 0
    # The combination as the last coefficient; fry's scale hangs on the order of columns, so the null space is that of svd.
    turned <- X %*% cbind(svd(matrix(w, 1), nv = length(w))$v[, -1], w / sum(w^2))
    colnames(turned) <- paste0("x", seq_len(ncol(turned)))
    last <- ncol(turned)
    regress <- function(score) {
      white <- data.frame(forwardsolve(L, cbind(score = score, turned)))
      names(white) <- c("score", colnames(turned))
      fit <- lm(score ~ . - 1, white)
      robust <- coef_test(fit, vcovCR(fit, cluster = units, type = "CR2"), test = "Satterthwaite")[last, ]
      plain <- summary(fit)$coefficients[last, ]
      c(effect = robust$beta, cr_se = robust$SE, cr_df = robust$df, cr_p = robust$p_Satt, lm_se = plain[[2]], lm_df = fit$df.residual)
    }
    score <- colMeans(y[inside, ])
    net <- regress(score - colMeans(y[-inside, ]))
    robust <- of_blocks || own_errors(w)
    se <- net[[if (robust) "cr_se" else "lm_se"]]; df <- net[[if (robust) "cr_df" else "lm_df"]]
    arguments <- list(y = y, index = list(set = inside), design = turned, contrast = last, trend.var = TRUE, sort = "none")
    if (correlated) arguments <- c(arguments, list(block = d$donor, correlation = rho))
    self <- do.call(fry, arguments)
    E <- do.call(limma:::.lmEffects, c(list(y = y, design = turned, contrast = last), if (correlated) list(block = d$donor, correlation = rho)))
    m <- ncol(E) - 1
    g <- statmod::gauss.quad.prob(128, "uniform")
    s2 <- (rowSums(E^2) - apply(E^2, 1, max)) / (m + 1 - sum((m + 1) * g$nodes^m * qchisq(g$nodes, df = 1) * g$weights))
    moderated <- eBayes(lmFit(y, turned, block = if (correlated) d$donor, correlation = if (correlated) rho), trend = TRUE)
    prior <- moderated$df.prior
    scale <- sqrt(if (is.finite(prior)) (0.92 * m * s2 + prior * moderated$s2.prior) / (0.92 * m + prior) else moderated$s2.prior)
    units_p <- regress(colMeans(y[inside, ] / scale[inside]))[["cr_p"]]
    data.frame(case, contrast = name, own = robust, effect = net[["effect"]], se, df, ci_low = net[["effect"]] - qt(0.975, df) * se,
      ci_high = net[["effect"]] + qt(0.975, df) * se, fry_p = self$PValue, p = if (robust) max(self$PValue, units_p) else self$PValue, direction = tolower(self$Direction))
  }
  do.call(rbind, lapply(names(wanted), test))
}
save_table(do.call(rbind, lapply(unique(samples$case), one)), "arms_contrasts", 17)
writeLines(c(R.version.string, vapply(c("limma", "statmod", "clubSandwich"), function(p) paste(p, packageVersion(p)), "")),
  file.path(out, "arms_versions.txt"))
