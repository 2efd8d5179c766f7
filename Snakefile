# The workflow itself is in workflow/; this file lets `snakemake` find it from the top folder.
include: "workflow/Snakefile"
