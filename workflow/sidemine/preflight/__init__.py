"""What a run would meet, told within a minute: addresses, sizes, metadata, and what the selectors would choose."""
