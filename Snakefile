# The workflow itself is in workflow/; this file lets `snakemake` find it from the top folder.
include: "workflow/Snakefile"


# The default target of an included file is forgotten, so it is named here again.
rule study:
    default_target: True
    input:
        rules.all.input,
