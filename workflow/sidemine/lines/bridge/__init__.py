"""The line of drug against disease: does what the drug does resemble the disease, or oppose it."""
