"""A study folder from accessions: everything in it is a proposal with its evidence, for its author to settle."""
