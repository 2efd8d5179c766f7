# The work of a study of real public files in plain R: read the files, fit every contrast, test its sets.
# versus_r.py calls it:  Rscript versus_r.R FILES FOLDER ROTATIONS
# FILES: the folder with mirror/ and data/. FOLDER: what versus_r.py wrote (contrasts.txt, sets.tsv, and for each contrast
# NAME.values, NAME.genes, NAME.design); NAME.genes.tsv and NAME.sets.tsv are written there.
# Prints a line per stage: name, seconds of processor time.
suppressMessages({library(limma); library(edgeR); library(GEOquery)})
arguments <- commandArgs(trailingOnly = TRUE)
files <- arguments[1]
folder <- arguments[2]
rotations <- as.integer(arguments[3])
geo <- function(path) file.path(files, "mirror/ftp.ncbi.nlm.nih.gov/geo/series", path)
spent <- c(read = 0, fit = 0, camera = 0, fry = 0, mroast = 0, write = 0)
timed <- function(stage, expression) {
  seconds <- sum(system.time(result <- expression)[c("user.self", "sys.self", "user.child", "sys.child")])
  spent[stage] <<- spent[stage] + seconds
  invisible(result)
}

# One probe per gene: the highest mean.
by_gene <- function(series, platform) {
  map <- read.delim(gzfile(file.path(files, "data/platforms", paste0("probe_symbol_", platform, ".tsv.gz"))))
  x <- exprs(series)
  symbol <- map$symbol[match(rownames(x), map$probe_id)]
  x <- x[!is.na(symbol) & symbol != "", ]
  symbol <- symbol[!is.na(symbol) & symbol != ""]
  first <- order(-rowMeans(x))
  x <- x[first, ]
  rownames(x) <- symbol[first]
  x[!duplicated(rownames(x)), ]
}
matrix_file <- function(path) getGEO(filename = geo(path), getGPL = FALSE, AnnotGPL = FALSE)
timed("read", suppressMessages({
  by_gene(matrix_file("GSE42nnn/GSE42872/matrix/GSE42872_series_matrix.txt.gz"), "GPL6244")
  by_gene(matrix_file("GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz"), "GPL571")
  pData(matrix_file("GSE147nnn/GSE147507/matrix/GSE147507_series_matrix.txt.gz"))
  read.delim(gzfile(geo("GSE147nnn/GSE147507/suppl/GSE147507_RawReadCounts.tsv.gz")), check.names = FALSE)
  for (run in 1:2) read.delim(gzfile(file.path(files, "data/GSE145647/whole_blood_normalized_counts.txt.gz")), check.names = FALSE)
  unpacked <- tempfile()
  dir.create(unpacked)
  untar(geo("GSE161nnn/GSE161664/suppl/GSE161664_RAW.tar"), exdir = unpacked)
  sapply(list.files(unpacked, full.names = TRUE), function(path) read.delim(gzfile(path), header = FALSE)[[2]])
}))

sets <- read.delim(file.path(folder, "sets.tsv"), quote = "", stringsAsFactors = FALSE)
for (name in readLines(file.path(folder, "contrasts.txt"))) {
  genes <- readLines(file.path(folder, paste0(name, ".genes")))
  X <- as.matrix(read.delim(file.path(folder, paste0(name, ".design")), header = FALSE))
  y <- matrix(readBin(file.path(folder, paste0(name, ".values")), "double", length(genes) * nrow(X)), length(genes))
  rownames(y) <- genes
  counts <- file.exists(file.path(folder, paste0(name, ".counts")))
  k <- ncol(X)
  fit <- timed("fit", {
    if (counts) {
      y <- DGEList(y)
      y <- voom(calcNormFactors(y[filterByExpr(y, X), , keep.lib.sizes = FALSE]), X)
    }
    fit <- eBayes(lmFit(y, X), trend = !counts)
    list(fit = fit, top = topTable(fit, coef = k, number = Inf, sort.by = "none", confint = TRUE))
  })
  weights <- split(sets$weight, sets$gene_set)
  index <- lapply(split(sets$gene, sets$gene_set), match, rownames(fit$fit))
  kept <- lapply(index, function(rows) !is.na(rows))
  index <- Map(`[`, index, kept)
  weights <- Map(`[`, weights, kept)
  large <- lengths(index) >= 5
  index <- index[large]
  weights <- weights[large]
  competitive <- timed("camera", camera(y, index, X, k, inter.gene.cor = NA, trend.var = !counts, sort = FALSE))
  self <- timed("fry", fry(y, index, X, k, trend.var = !counts, sort = "none", gene.weights = NULL))
  timed("mroast", mroast(y, index, X, k, nrot = rotations, trend.var = !counts, sort = "none"))
  timed("write", {
    table <- data.frame(gene = rownames(fit$fit), log2_fold_change = fit$top$logFC, t = fit$top$t, p_value = fit$top$P.Value)
    write.table(table, file.path(folder, paste0(name, ".genes.tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
    # Signed or weighted sets have another question in fry and camera than in sidemine; those are timed and not compared.
    plain <- vapply(weights, function(w) all(w == 1), TRUE)
    table <- data.frame(gene_set = names(index), plain, camera_p = competitive$PValue, fry_p = self$PValue)
    write.table(table, file.path(folder, paste0(name, ".sets.tsv")), sep = "\t", quote = FALSE, row.names = FALSE)
  })
}
for (stage in names(spent)) cat(stage, spent[[stage]], "\n")
