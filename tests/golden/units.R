# Golden numbers of errors by unit: HC2 by sample and CR2 by block with Satterthwaite's degrees of freedom (clubSandwich) of genes, sets,
# Hedges g, bridges, an atlas' units, promoter sites and the arms of a panel. Odd designs: a unit of one sample, blocks that cross the
# groups, repeats in fixed blocks, weights, missing values, read counts. Writes inputs and results beside itself:
#   Rscript tests/golden/units.R tests/golden
suppressMessages({library(limma); library(edgeR); library(clubSandwich); library(splines)})
out <- commandArgs(trailingOnly = TRUE)[1]
set.seed(13)
source(file.path(out, "save_table.R"))

n_genes <- 60
genes <- sprintf("g%02d", seq_len(n_genes))
sets <- list(plain = setNames(rep(1, 15), genes[1:15]), signed = setNames(rep(c(1, -1, 0.5, -2), 5), genes[5:24]), one = setNames(1, genes[30]))
save_table(do.call(rbind, lapply(names(sets), function(s) data.frame(gene_set = s, gene = names(sets[[s]]), weight = sets[[s]]))), "units_sets")

# Half of the genes change, by as much in every design, so that bridges have something to see.
shift <- c(rep(0.9, 10), round(rnorm(20, 0, 3), 2), rep(0, 30))

# Values of one design: genes of the first set move together, from block to block more than within one.
draw <- function(group, block, target_sd = 1) {
  n <- length(group)
  own <- matrix(rnorm(n_genes * n), n_genes)
  own[1:20, ] <- sqrt(0.6) * own[1:20, ] + sqrt(0.4) * rep(rnorm(n), each = 20)
  if (!is.null(block)) {
    u <- length(unique(block))
    level <- matrix(rnorm(n_genes * u), n_genes)
    level[1:20, ] <- 0.6 * level[1:20, ] + 0.8 * rep(rnorm(u), each = 20)
    own <- own + level[, match(block, unique(block))]
  }
  own <- own * rep(ifelse(group == 1, target_sd, 1), each = n_genes)
  y <- runif(n_genes, 4, 12) + exp(rnorm(n_genes, -1, 0.4)) * (own + outer(shift, group))
  round(y, 5)
}
people <- function(design, group, block = NULL, age = NULL, target_sd = 1, counts = FALSE, missing = FALSE) {
  n <- length(group)
  y <- draw(group, block, target_sd)
  if (counts) y[] <- rpois(length(y), 2^(y - 2) * rep(runif(n, 0.5, 2), each = n_genes))
  if (missing) y[cbind(c(8, 40, 41), c(1, 2, n))] <- NA
  rownames(y) <- genes
  data.frame(design, sample = sprintf("s%02d", seq_len(n)), group, block = if (is.null(block)) "" else block,
    age = if (is.null(age)) NA else age, t(y))
}
ages <- function(n) round(rnorm(n, 50, 10))
wells <- rep(sprintf("d%d", 1:8), c(1, 3, 4, 2, 3, 1, 2, 4))
crossing <- rep(sprintf("p%d", 1:8), c(2, 2, 3, 1, 4, 2, 1, 3))
side <- c(1, 0, 1, 0, 1, 1, 0, 1, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1)
culture <- rep(sprintf("k%d", 1:5), c(4, 5, 6, 4, 3))
treated <- c(1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0)
samples <- rbind(
  people("two groups", rep(c(1, 0), c(3, 12)), target_sd = 2.5),
  people("missing values", rep(c(1, 0), c(4, 9)), age = ages(13), missing = TRUE),
  people("pairs", rep(c(1, 0), 7), rep(sprintf("p%d", 1:7), each = 2)),
  people("wells", rep(c(1, 0), c(10, 10)), wells),
  people("crossing", side, crossing, ages(18)),
  people("crossing and weights", side, crossing, ages(18)),
  people("fixed repeats", treated, culture, ages(22)),
  people("counts", rep(c(1, 0), c(4, 8)), target_sd = 2, counts = TRUE),
  people("counts in wells", rep(c(1, 0), c(10, 10)), wells, counts = TRUE))
save_table(samples, "units_samples")

# The fit of limma, and its working model: weights of samples, correlation within blocks, and what counts as a unit.
fitted_design <- function(name) {
  d <- samples[samples$design == name, ]
  y <- t(as.matrix(d[genes]))
  y <- y[complete.cases(y), ]
  # The largest block first: which squared effect is the largest (`fry_sd`) hangs on the order of columns.
  d$block <- relevel(factor(d$block), names(which.max(table(d$block))))
  X <- switch(name, "pairs" = model.matrix(~ block + group, d), "fixed repeats" = model.matrix(~ age + block + group, d),
    if (is.na(d$age[1])) model.matrix(~ group, d) else model.matrix(~ age + group, d))
  n <- nrow(d)
  weights <- rep(1, n); rho <- 0
  correlated <- name %in% c("wells", "crossing", "crossing and weights", "counts in wells")
  block <- if (correlated) as.character(d$block) else NULL
  if (startsWith(name, "counts")) {
    dge <- DGEList(y)
    dge <- calcNormFactors(dge[filterByExpr(dge, X), , keep.lib.sizes = FALSE])
    v <- voom(dge, X)
    if (correlated) {
      rho <- duplicateCorrelation(v, X, block = block)$consensus.correlation
      v <- voom(dge, X, block = block, correlation = rho)
      rho <- duplicateCorrelation(v, X, block = block)$consensus.correlation
    }
    fit <- eBayes(lmFit(v, X, block = block, correlation = if (correlated) rho))
    y <- v$E
    # Scores of sets have one weight per sample: the geometric mean over genes, with mean 1.
    weights <- exp(colMeans(log(v$weights)))
    weights <- weights / mean(weights)
    gene_weights <- v$weights
  } else {
    if (name == "crossing and weights") weights <- arrayWeights(y, X)
    if (correlated) rho <- duplicateCorrelation(y, X, block = block, weights = if (any(weights != 1)) weights)$consensus.correlation
    fit <- eBayes(lmFit(y, X, weights = weights, block = block, correlation = if (correlated) rho), trend = TRUE)
    gene_weights <- matrix(weights, nrow(y), n, byrow = TRUE)
  }
  C <- diag(n)
  if (correlated) C <- ifelse(outer(block, block, "=="), rho, 0) + diag(1 - rho, n)
  L <- t(chol(C / sqrt(outer(weights, weights))))
  units <- if (correlated || name == "fixed repeats") as.character(d$block) else d$sample
  list(name = name, y = y, X = X, fit = fit, C = C, L = L, units = units, block = block, rho = rho, gene_weights = gene_weights,
    fixed = name %in% c("pairs", "fixed repeats"), n = n)
}
fits <- lapply(unique(samples$design), fitted_design)
names(fits) <- unique(samples$design)

# Coefficient of the group with errors by unit, of per-sample scores in the working model.
white <- function(f, values) forwardsolve(f$L, values)
robust <- function(f, score) {
  X <- white(f, f$X)
  colnames(X) <- paste0("x", seq_len(ncol(X)))
  d <- data.frame(score = drop(white(f, score)), X)
  fit <- lm(score ~ . - 1, d)
  found <- coef_test(fit, vcovCR(fit, cluster = f$units, type = "CR2"), test = "Satterthwaite")[ncol(X), ]
  half <- qt(0.975, found$df) * found$SE
  list(effect = found$beta, se = found$SE, df = found$df, p = found$p_Satt, low = found$beta - half, high = found$beta + half,
    sigma2 = sigma(fit)^2, unscaled = sqrt(solve(crossprod(X))[ncol(X), ncol(X)]))
}
# All genes at once: their covariance by unit, as that of a multivariate lm.
covariance <- function(f, values) {
  X <- white(f, f$X)
  fit <- lm(white(f, t(values)) ~ X - 1)
  V <- as.matrix(vcovCR(fit, cluster = f$units, type = "CR2"))
  at <- seq(ncol(X), by = ncol(X), length.out = nrow(values))
  V[at, at]
}

gene_rows <- lapply(fits, function(f) do.call(rbind, lapply(rownames(f$y), function(g) {
  r <- robust(f, f$y[g, ])
  data.frame(design = f$name, gene = g, p = r$p, df = r$df)
})))
save_table(do.call(rbind, gene_rows), "units_genes", 17)

# The scale of limma's fry (standardize = "posterior.sd"): its own effects, without the largest.
fry_sd <- function(f) {
  E <- limma:::.lmEffects(f$y, f$X, weights = if (any(f$gene_weights != 1)) f$gene_weights, block = f$block, correlation = f$rho)
  df <- ncol(E) - 1
  g <- statmod::gauss.quad.prob(128, "uniform")
  largest <- sum((df + 1) * g$nodes^df * qchisq(g$nodes, df = 1) * g$weights)
  u2 <- E^2
  s2 <- (rowSums(u2) - apply(u2, 1, max)) / (df + 1 - largest)
  prior <- f$fit$df.prior
  sqrt(if (is.finite(prior[1])) (0.92 * df * s2 + prior * f$fit$s2.prior) / (0.92 * df + prior) else f$fit$s2.prior)
}
J <- function(df) exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
g_of <- function(f, w) {
  shares <- w / sum(abs(w))
  k <- ncol(f$X)
  scale <- apply(f$y[names(w), , drop = FALSE], 1, function(v) {
    r <- robust(f, v)
    df <- f$n - k
    residuals <- r$sigma2 * df
    sqrt((residuals + min((r$effect / r$unscaled)^2, qt(0.975, df)^2 * r$sigma2)) / (df + 1))
  })
  score <- colSums(shares / scale * f$y[names(w), , drop = FALSE])
  r <- robust(f, score)
  two <- white(f, cbind(1, f$X[, k]))
  variance <- sum(lm.fit(two, drop(white(f, score)))$residuals^2) / (f$n - 2)
  ratio <- if (f$fixed) max(0, min(1, 1 - r$sigma2 / variance)) else 0
  factor <- J(f$n - 2) / sqrt(variance)
  g <- r$effect * factor
  se <- sqrt((r$se * factor)^2 + g^2 * (1 + ratio^2) / (2 * (f$n - 2)))
  half <- qt(0.975, r$df) * se
  c(g = g, g_se = se, g_low = g - half, g_high = g + half, g_p = r$p)
}
set_rows <- lapply(fits, function(f) do.call(rbind, lapply(names(sets), function(s) {
  w <- sets[[s]][names(sets[[s]]) %in% rownames(f$y)]
  if (!length(w)) return(NULL)
  shares <- w / sum(abs(w))
  inside <- colSums(shares * f$y[names(w), , drop = FALSE])
  others <- colMeans(f$y[!rownames(f$y) %in% names(w), ])
  plain <- robust(f, inside)
  over <- robust(f, inside - sum(shares) * others)
  self <- robust(f, colSums(shares / setNames(fry_sd(f), rownames(f$y))[names(w)] * f$y[names(w), , drop = FALSE]))
  data.frame(design = f$name, gene_set = s, df = plain$df, p_units = self$p, effect = plain$effect, effect_se = plain$se,
    ci_low = plain$low, ci_high = plain$high, p_value = plain$p, over_complement = over$effect, over_complement_se = over$se,
    over_complement_ci_low = over$low, over_complement_ci_high = over$high, p_over = over$p, t(g_of(f, w)))
})))
save_table(do.call(rbind, set_rows), "units_effects", 17)

# Bridges: deviates of two sides on the genes they share, with the covariance that chance gives them.
centred <- function(x) x - mean(x)
# Bailey's approximation as limma's roast has it, up to a twelfth of a degree of freedom, and cut where t would be infinite.
bailey <- function(t, df) {
  v <- t / sqrt(df + t^2) * (1 - 1e-5)
  sign(v) * (df + 0.125) / (df + 1.125) * sqrt((df + 19 / 12) * -log1p(-v^2))
}
profile <- function(name, shared) {
  f <- fits[[name]]
  k <- ncol(f$X)
  at <- match(shared, rownames(f$y))
  z <- bailey(f$fit$t[at, k], f$fit$df.total[at])
  D <- 1 / (sqrt(f$fit$s2.post[at]) * f$fit$stdev.unscaled[at, k])
  V <- covariance(f, f$y[at, ]) * outer(D, D)
  centre <- diag(length(at)) - 1 / length(at)
  list(z = centred(z), V = list(centre %*% V %*% centre), df = robust(f, f$y[1, ])$df, unscaled = f$fit$stdev.unscaled[at[1], k])
}
pooled <- function(names, shared) {
  parts <- lapply(names, profile, shared)
  w <- sapply(parts, function(p) 1 / p$unscaled)
  w <- w / sqrt(sum(w^2))
  list(z = Reduce(`+`, Map(function(p, w) w * p$z, parts, w)), V = unlist(Map(function(p, w) list(w^2 * p$V[[1]]), parts, w), FALSE),
    df = sapply(parts, `[[`, "df"))
}
question <- function(weights, side) {
  v <- sapply(side$V, function(V) drop(weights %*% V %*% weights))
  df <- sum(v)^2 / sum(v^2 / side$df)
  2 * pt(-abs(sum(weights * side$z)) / sqrt(sum(v)), df)
}
trace2 <- function(side) {
  total <- 0
  for (i in seq_along(side$V)) {
    own <- sum(side$V[[i]]^2); trace <- sum(diag(side$V[[i]])); df <- side$df[i]
    if (df > 1) own <- df^2 / ((df - 1) * (df + 2)) * (own - trace^2 / df)
    total <- total + max(own, trace^2 / nrow(side$V[[i]]))
    for (j in seq_along(side$V)) if (j > i) total <- total + 2 * sum(side$V[[i]] * side$V[[j]])
  }
  total
}
reliability <- function(side) {
  square <- sum(side$z^2); t2 <- trace2(side)
  along <- sum(sapply(side$V, function(V) side$z %*% V %*% side$z))
  low <- square - sum(sapply(side$V, function(V) sum(diag(V)))) - qnorm(0.95) * sqrt(4 * max(along - t2, 0) + 2 * t2)
  max(low / square, 0)
}
bridge <- function(drug_names, disease_names, chosen) {
  shared <- Reduce(intersect, lapply(fits[c(drug_names, disease_names)], function(f) rownames(f$y)))
  drug <- pooled(drug_names, shared); disease <- pooled(disease_names, shared)
  here <- shared %in% chosen
  w_disease <- ifelse(here, drug$z, 0); w_drug <- ifelse(here, disease$z, 0)
  cut <- function(side) list(z = side$z[here], V = lapply(side$V, function(V) V[here, here]), df = side$df)
  x <- cut(drug); y <- cut(disease)
  of_drug <- sapply(x$V, function(V) y$z %*% V %*% y$z); of_disease <- sapply(y$V, function(V) x$z %*% V %*% x$z)
  both <- sum(sapply(x$V, function(V) sapply(y$V, function(W) sum(V * W))))
  terms <- c(of_drug, of_disease); total <- sum(terms)
  variance <- max(total - both, total / 2)
  df <- total^2 / sum(terms^2 / c(x$df, y$df))
  norm <- sqrt(sum(x$z^2) * sum(y$z^2))
  value <- sum(x$z * y$z) / norm; se <- sqrt(variance) / norm; half <- qt(0.975, df) * se
  data.frame(drug = paste(drug_names, collapse = " + "), disease = paste(disease_names, collapse = " + "), genes = paste(chosen, collapse = ","),
    value, se, ci_low = max(value - half, -1), ci_high = min(value + half, 1), reliability_drug = reliability(x),
    reliability_disease = reliability(y), p_drug = question(w_drug, drug), p_disease = question(w_disease, disease))
}
bridges <- rbind(
  bridge("wells", "two groups", genes[1:20]), bridge("two groups", "crossing", genes[1:60]),
  bridge("fixed repeats", c("two groups", "crossing and weights"), genes[seq(1, 60, 2)]),
  bridge("missing values", c("pairs", "wells", "crossing"), genes[1:30]))
save_table(bridges, "units_bridges", 17)

# Under voom each gene has weights of its own; its deviate's variance by unit in its own working model.
own_weights <- function(name) {
  f <- fits[[name]]
  k <- ncol(f$X)
  do.call(rbind, lapply(rownames(f$y), function(g) {
    w <- f$gene_weights[match(g, rownames(f$y)), ]
    found <- robust(list(L = t(chol(f$C / sqrt(outer(w, w)))), X = f$X, units = f$units), f$y[g, ])
    at <- match(g, rownames(f$y))
    data.frame(design = name, gene = g, variance = found$se^2 / (f$fit$s2.post[[at]] * f$fit$stdev.unscaled[at, k]^2), df = found$df)
  }))
}
save_table(rbind(own_weights("counts"), own_weights("counts in wells")), "units_voom", 17)

# A pathway's drugs as one unit: profiles of two drugs, some genes not measured; the chance of their mean concordance with an effect.
library_rows <- data.frame(drug = c("a", "a", "b"), matrix(round(rnorm(3 * n_genes), 4), 3, dimnames = list(NULL, genes)))
library_rows[2, genes[c(3, 25:40)]] <- NA
library_rows[3, genes[c(50:60)]] <- NA
save_table(library_rows, "units_library")
atlas <- function(names, members) {
  side <- pooled(names, genes)
  row <- rep(0, n_genes); value <- 0
  for (i in seq_len(3)) {
    x <- unlist(library_rows[i, genes]); measured <- !is.na(x)
    x <- ifelse(measured, x - mean(x, na.rm = TRUE), 0)
    y <- side$z - mean(side$z[measured])
    inside <- measured & genes %in% members
    share <- c(0.25, 0.25, 0.5)[i]
    value <- value + share * sum(x[inside] * y[inside]) / sqrt(sum(x[inside]^2) * sum(y[inside]^2))
    w <- ifelse(inside, x, 0) / sqrt(sum(x[inside]^2)) * share
    row <- row + w - measured * sum(w) / sum(measured)
  }
  v <- sapply(side$V, function(V) drop(row %*% V %*% row))
  data.frame(disease = paste(names, collapse = " + "), value, variance = sum(v), df = sum(v)^2 / sum(v^2 / side$df), sum = sum(row * side$z))
}
save_table(rbind(atlas("wells", genes[1:24]), atlas(c("two groups", "crossing"), genes[1:24])), "units_atlas", 17)

# Sites of promoters: the normal deviates of genes on the site, beside a spline of expression and the composition of the promoter.
promoters <- data.frame(gene = genes, site = c(round(runif(25), 2) * rbinom(25, 1, 0.8), rep(0, 35)), gc = round(runif(n_genes, 0.3, 0.7), 3),
  cpg = round(runif(n_genes, 0.1, 1), 3))
save_table(promoters, "units_promoters")
site <- function(name) {
  f <- fits[[name]]
  k <- ncol(f$X)
  d <- promoters[match(rownames(f$y), promoters$gene), ]
  d$z <- zscoreT(f$fit$t[, k], f$fit$df.total, approx = TRUE, method = "hill")
  d$mean <- f$fit$Amean
  knots <- quantile(d$mean, 0:3 / 3)
  terms <- ~ bs(mean, knots = knots[2:3], Boundary.knots = knots[c(1, 4)]) + gc + cpg
  rest <- resid(lm(update(terms, site ~ .), d))
  fit <- lm(update(terms, z ~ . + site), d)
  squares <- sum(rest^2)
  blocked <- !is.null(f$block) || name == "fixed repeats"
  E <- limma:::.lmEffects(f$y, f$X, weights = if (any(f$gene_weights != 1)) f$gene_weights, block = f$block, correlation = f$rho)[, -1]
  if (blocked) {
    X <- white(f, f$X)
    scale <- apply(f$y, 1, function(v) sqrt(sum(lm.fit(X, drop(white(f, v)))$residuals^2) / (f$n - k)))
    V <- covariance(f, f$y / scale) / solve(crossprod(X))[k, k]
    df <- robust(f, f$y[1, ])$df
  } else {
    E <- E / sqrt(rowMeans(E^2))
    V <- tcrossprod(E) / ncol(E); df <- ncol(E)
  }
  inflation <- max(1, drop(rest %*% V %*% rest) / squares)
  effect <- coef(fit)[["site"]]; se <- sigma(fit) * sqrt(inflation / squares)
  data.frame(design = name, effect, se, df, inflation, p_value = 2 * pt(-abs(effect / se), df))
}
save_table(do.call(rbind, lapply(setdiff(names(fits), "missing values"), site)), "units_sites", 17)

# Odd designs: batches that leave one sample or block alone, blocks that cross the groups or hold one sample, weights over four powers of ten.
# CR2 is unbiased where all variances are equal, unless a unit that shapes the contrast has no residual: `unbiased` is its expectation.
odd <- function(number) {
  repeat {
    n <- sample(7:14, 1)
    d <- data.frame(design = number, group = rbinom(n, 1, 0.5), batch = sample(letters[1:sample(1:6, 1)], n, TRUE),
      age = round(rnorm(n), 2), block = sample(sprintf("u%d", 1:sample(3:7, 1)), n, TRUE), weight = 1, score = round(rnorm(n), 4))
    if (number %% 3 == 0) d$block <- ""
    if (number %% 5 == 0) d$weight <- round(10^runif(n, -3, 1), 5)
    X <- if (length(unique(d$batch)) > 1) model.matrix(~ batch + age + group, d) else model.matrix(~ age + group, d)
    if (qr(X)$rank == ncol(X) && n - ncol(X) >= 2) break
  }
  k <- ncol(X)
  W <- X * sqrt(d$weight); y <- d$score * sqrt(d$weight)
  cluster <- if (d$block[1] == "") as.character(seq_len(n)) else d$block
  data <- data.frame(y, W)
  fit <- lm(y ~ . - 1, data)
  found <- coef_test(fit, vcovCR(fit, cluster = cluster, type = "CR2"), test = "Satterthwaite")[k, ]
  left <- diag(n) - W %*% solve(crossprod(W), t(W))
  a <- drop(solve(crossprod(W), t(W))[k, ])
  kept <- sum(sapply(unique(cluster), function(u) {
    at <- which(cluster == u)
    e <- eigen(left[at, at, drop = FALSE], symmetric = TRUE)
    sum(crossprod(e$vectors[, e$values > 1e-9, drop = FALSE], a[at])^2)
  }))
  list(samples = d, result = data.frame(design = number, unbiased = kept / sum(a^2), se = found$SE, df = found$df))
}
odds <- lapply(1:60, odd)
save_table(do.call(rbind, lapply(odds, `[[`, "samples")), "units_odd_samples")
save_table(do.call(rbind, lapply(odds, `[[`, "result")), "units_odd", 17)

# Normal deviates of t: exactly, and by limma's two approximations.
grid <- expand.grid(df = c(3, 4, 6, 10, 30, 200), t = c(0.1, 0.7, 2, -4, 12))
save_table(cbind(grid, exact = zscoreT(grid$t, grid$df), hill = zscoreT(grid$t, grid$df, approx = TRUE, method = "hill"),
  bailey = zscoreT(grid$t, grid$df, approx = TRUE, method = "bailey")), "units_deviates", 17)

writeLines(c(R.version.string, vapply(c("limma", "edgeR", "statmod", "clubSandwich"), function(p) paste(p, packageVersion(p)), "")),
  file.path(out, "units_versions.txt"))
