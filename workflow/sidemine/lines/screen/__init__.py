"""Screens: many compounds in the cells of few donors. They say where to look, never what is so."""
