"""The made-up world: catalogue people wearing garments, drawn with exact truth (see `dataset.write_world`).

Lengths are in units of the picture's height: x in [0, 0.75], y in [0, 1], y down. Left and right are the person's own.
"""
