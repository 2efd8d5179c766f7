"""What the rules ask of the package: the study of a run, its files, and the last words of a run that failed."""
