# Monte-Carlo p-values of limma's roast and romer on the matrices and designs that simulated.R stored:
#   Rscript tests/golden/rotation.R tests/golden
# romer with shrink.resid = FALSE (its default shrinks the contrast before it is rotated), no trend, no voom weights.
suppressMessages(library(limma))
out <- commandArgs(trailingOnly = TRUE)[1]
read <- function(name) read.delim(gzfile(file.path(out, paste0(name, ".tsv.gz"))), check.names = FALSE)
designs <- read("simulated_designs"); facts <- read("simulated_facts"); all_sets <- read("simulated_sets")
rotations <- 99999

cases <- list(
  plain = list("simulated_log2_30"), trend = list("simulated_log2_30", trend = TRUE),
  robust = list("simulated_log2_30", robust = TRUE), array_weights = list("simulated_log2_30"),
  paired = list("simulated_log2_30", trend = TRUE), block_correlation = list("simulated_log2_blocks", trend = TRUE),
  three_v_three = list("simulated_log2_6", trend = TRUE), infinite_prior = list("simulated_log2_equal"))

rows <- list()
for (case in names(cases)) {
  set.seed(20260105)
  option <- cases[[case]]
  d <- designs[designs$case == case, ]
  y <- read(option[[1]]); genes <- y$gene; y <- as.matrix(y[, d$sample]); rownames(y) <- genes
  X <- do.call(rbind, lapply(strsplit(d$row, ","), as.numeric))
  blocked <- !all(is.na(d$block) | d$block == "")
  weighted <- any(d$weight != 1)
  for (s in sort(unique(all_sets$gene_set))) {
    members <- all_sets[all_sets$gene_set == s, ]
    arguments <- list(y = y, index = match(members$gene, genes), design = X, nrot = rotations)
    if (blocked) arguments <- c(arguments, list(block = d$block, correlation = suppressWarnings(as.numeric(facts$correlation[facts$case == case]))))
    shared <- arguments
    if (weighted) { arguments$weights <- d$weight; shared$array.weights <- d$weight }
    if (any(members$weight != 1)) arguments$gene.weights <- members$weight
    if (isTRUE(option$trend)) arguments$trend.var <- TRUE
    if (isTRUE(option$robust)) arguments$robust <- TRUE
    p <- suppressWarnings(do.call(roast, arguments))@.Data[[1]]$P.Value
    r <- c(NA, NA)
    # romer knows neither signs nor robust variances.
    if (s != "signed" && !isTRUE(option$robust)) {
      shared$nrot <- 9999; shared$shrink.resid <- FALSE
      # A list of two: romer takes a set of one gene for no set.
      shared$index <- list(shared$index, seq_along(genes))
      r <- suppressWarnings(do.call(romer, shared))[1, c("Up", "Down")]
    }
    rows[[length(rows) + 1]] <- data.frame(case, gene_set = s, roast_down = p[1], roast_up = p[2],
      roast_two_sided = p[3], roast_mixed = p[4], romer_up = r[1], romer_down = r[2])
  }
}
table <- do.call(rbind, rows)
numeric <- vapply(table, is.numeric, TRUE)
table[numeric] <- lapply(table[numeric], function(x) formatC(x, digits = 8, format = "g"))
connection <- gzfile(file.path(out, "simulated_rotation.tsv.gz"), "w")
write.table(table, connection, sep = "\t", quote = FALSE, row.names = FALSE)
close(connection)
