"""What panels of the page are made of: words, charts, and the panel itself."""
