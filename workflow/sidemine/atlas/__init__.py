"""The atlas: many finished studies, one index of target pathway × effect, and one global test that comes before every call."""
