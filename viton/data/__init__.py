"""Datasets, read as they are."""
