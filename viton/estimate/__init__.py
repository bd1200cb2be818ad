"""Pose, parsing and masks of bare photos, written as a dataset: `viton prepare`."""
