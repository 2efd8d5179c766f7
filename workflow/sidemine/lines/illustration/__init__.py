"""Illustrations: single cells as a map. No test rests on one."""
