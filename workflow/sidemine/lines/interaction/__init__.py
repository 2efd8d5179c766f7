"""The line of subgroups: does an effect differ between kinds of patients."""
