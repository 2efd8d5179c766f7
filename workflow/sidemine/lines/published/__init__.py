"""Published tables of fold changes without samples: checked against their label and described, never tested."""
