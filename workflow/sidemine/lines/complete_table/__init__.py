"""Complete tables of gene statistics without samples: what the layers `protein` and `mrna_table` share."""
