# Writes a table beside the golden scripts as gzipped text, numbers with as many digits as a double holds (17: to the last bit).
save_table <- function(table, name, digits = 15) {
  connection <- gzfile(file.path(out, paste0(name, ".tsv.gz")), "w")
  numeric <- vapply(table, is.numeric, TRUE)
  table[numeric] <- lapply(table[numeric], function(x) trimws(formatC(x, digits = digits, format = "g")))
  write.table(table, connection, sep = "\t", quote = FALSE, row.names = FALSE)
  close(connection)
}
