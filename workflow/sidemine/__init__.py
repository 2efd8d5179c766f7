"""Find out whether a drug's target pathway is at work in a disease that the drug is suspected of causing."""

__version__ = "0.1.0"
