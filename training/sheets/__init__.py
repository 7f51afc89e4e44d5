"""Sheets and their clips: read, checked row by row, split, kept as a data folder."""
