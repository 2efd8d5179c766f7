"""Perturbation libraries: where a drug stands among all signatures of a library, if the library sees it at all."""
