"""The robustness stage: the same question asked again, one decision of the analysis changed at a time.

It stands between evidence and verdict and imports neither the verdict stage nor the report: the rule function that
reads a variant is passed in by the script.
"""
