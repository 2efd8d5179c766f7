# Golden numbers of limma and edgeR on real public files, found through SIDEMINE_REAL_FILES (a folder that holds mirror/ and
# data/). Stores every 25th gene and all Hallmark sets:  Rscript tests/golden/real_files.R tests/golden
suppressMessages({library(limma); library(edgeR)})
out <- commandArgs(trailingOnly = TRUE)[1]
files <- Sys.getenv("SIDEMINE_REAL_FILES")
stopifnot(nzchar(files))
geo <- function(path) file.path(files, "mirror/ftp.ncbi.nlm.nih.gov/geo/series", path)

source(file.path(out, "save_table.R"))

lines <- strsplit(readLines(file.path(files, "mirror/data.broadinstitute.org/gsea-msigdb/msigdb/release/7.0/h.all.v7.0.symbols.gmt")), "\t")
hallmarks <- setNames(lapply(lines, function(x) x[-(1:2)]), vapply(lines, `[`, "", 1))

# One probe per gene: highest mean over all samples of the file; the first in the file among equals.
read_series <- function(path, platform) {
  table <- read.delim(gzfile(path), comment.char = "!", check.names = FALSE, encoding = "latin1")
  map <- read.delim(gzfile(file.path(files, "data/platforms", paste0("probe_symbol_", platform, ".tsv.gz"))))
  symbol <- map$symbol[match(as.character(table[[1]]), as.character(map$probe_id))]
  x <- as.matrix(table[-1])
  named <- !is.na(symbol) & symbol != ""
  x <- x[named, ]
  symbol <- symbol[named]
  first <- order(-rowMeans(x))
  x <- x[first, ]
  rownames(x) <- symbol[first]
  x <- x[!duplicated(rownames(x)), ]
  x[order(rownames(x), method = "radix"), ]
}

genes <- set_tests <- list()
record <- function(case, y, X, trend) {
  k <- ncol(X)
  fit <- eBayes(lmFit(y, X), trend = trend)
  top <- topTable(fit, coef = k, number = Inf, sort.by = "none", confint = TRUE)
  at <- seq(1, nrow(fit), by = 25)
  genes[[case]] <<- data.frame(case, n_genes = nrow(fit), gene = rownames(fit)[at], log2_fold_change = top$logFC[at],
    ci_low = top$CI.L[at], t = top$t[at], p_value = top$P.Value[at], q_value = top$adj.P.Val[at], df = fit$df.total[at])
  index <- ids2indices(hallmarks, rownames(fit))
  index <- index[lengths(index) >= 5]
  competitive <- camera(y, index, X, k, inter.gene.cor = NA, trend.var = trend, sort = FALSE)
  self <- fry(y, index, X, k, trend.var = trend, sort = "none")
  set_tests[[case]] <<- data.frame(case, gene_set = names(index), n_measured = self$NGenes,
    camera_direction = competitive$Direction, camera_p = competitive$PValue, camera_correlation = competitive$Correlation,
    fry_direction = self$Direction, fry_p = self$PValue, fry_mixed_p = self$PValue.Mixed)
}

y <- read_series(geo("GSE42nnn/GSE42872/matrix/GSE42872_series_matrix.txt.gz"), "GPL6244")
record("GSE42872_vemurafenib", y, model.matrix(~ rep(0:1, each = 3)), trend = TRUE)

path <- geo("GSE14nnn/GSE14520/matrix/GSE14520-GPL571_series_matrix.txt.gz")
y <- read_series(path, "GPL571")
titles <- grep("^!Sample_title", readLines(gzfile(path), n = 200, encoding = "latin1"), value = TRUE, useBytes = TRUE)
titles <- gsub('"', "", strsplit(titles, "\t")[[1]][-1])
patient <- sub(".*LCS-([0-9]+)[AB]$", "\\1", titles)
paired <- grepl("LCS", titles) & patient %in% names(which(table(patient) == 2))
tumour <- as.numeric(grepl("A$", titles[paired]))
record("GSE14520_paired", y[, paired], model.matrix(~ factor(patient[paired]) + tumour), trend = TRUE)

folder <- tempfile()
dir.create(folder)
untar(geo("GSE161nnn/GSE161664/suppl/GSE161664_RAW.tar"), exdir = folder)
samples <- sort(list.files(folder))
counts <- sapply(samples, function(f) {
  x <- read.delim(gzfile(file.path(folder, f)), header = FALSE)
  setNames(x[[2]], x[[1]])
})
counts <- counts[!startsWith(rownames(counts), "__"), ]
counts <- counts[order(rownames(counts), method = "radix"), ]
arm <- sub(".*SAEC_(.*)_rep.*", "\\1", samples)
for (stimulus in c("IFNa", "IFNb", "IFNg", "IFNl3")) {
  used <- arm %in% c("Control", stimulus)
  X <- model.matrix(~ as.numeric(arm[used] == stimulus))
  y <- DGEList(counts[, used])
  y <- calcNormFactors(y[filterByExpr(y, X), , keep.lib.sizes = FALSE])
  record(paste0("GSE161664_", stimulus), voom(y, X), X, trend = FALSE)
}

table <- read.delim(gzfile(file.path(files, "data/GSE145647/whole_blood_normalized_counts.txt.gz")), check.names = FALSE)
x <- log2(as.matrix(table[-1]) + 1)
rownames(x) <- table[[1]]
x <- x[order(rownames(x), method = "radix"), ]
donor <- sub("_.*", "", colnames(x))
stimulus <- sub(".*_", "", colnames(x))
for (s in c("IFNbeta", "IFNgamma", "IFNlambda", "IL4", "IL10", "IL13")) {
  used <- which(stimulus %in% c("Buffer", s))
  y <- x[, used]
  # The product's rule for log2(normalised count + 1): mean above 1 in the samples of the contrast.
  y <- y[rowMeans(y) > 1, ]
  record(paste0("GSE145647_", s), y, model.matrix(~ factor(donor[used]) + as.numeric(stimulus[used] == s)), trend = TRUE)
}

save_table(do.call(rbind, genes), "real_genes")
save_table(do.call(rbind, set_tests), "real_set_tests")
