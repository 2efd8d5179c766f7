# Times limma on the matrix that differential_versus_limma.py wrote; prints one line per step: name, seconds, check sum.
suppressMessages(library(limma))
folder <- commandArgs(trailingOnly = TRUE)[1]
shape <- scan(file.path(folder, "shape.txt"), quiet = TRUE)
y <- matrix(readBin(file.path(folder, "values.bin"), "double", prod(shape)), shape[1], byrow = TRUE)
rownames(y) <- sprintf("G%05d", seq_len(nrow(y)) - 1)
group <- rep(0:1, length.out = ncol(y))
X <- model.matrix(~ group)
sets <- split(scan(file.path(folder, "genes.txt"), "", quiet = TRUE), scan(file.path(folder, "sets.txt"), "", quiet = TRUE))
index <- ids2indices(sets, rownames(y))
tell <- function(name, expression) {
  seconds <- system.time(result <- expression)[["elapsed"]]
  cat(name, seconds, sum(log(result)), "\n")
}
tell("fit", eBayes(lmFit(y, X), trend = TRUE)$p.value[, 2])
tell("camera", camera(y, index, X, inter.gene.cor = NA, trend.var = TRUE, sort = FALSE)$PValue)
tell("fry", fry(y, index, X, trend.var = TRUE, sort = "none")$PValue)
