"""Drawings: values in, a matplotlib figure out."""
