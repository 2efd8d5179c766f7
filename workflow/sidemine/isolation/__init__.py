"""Native readers (HDF5, MatrixMarket, spreadsheets) in a bounded process of their own: what breaks them is a message."""

from sidemine.isolation.run import Limits, run_isolated

__all__ = ["Limits", "run_isolated"]
