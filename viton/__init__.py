"""Image-based virtual try-on: VITON (Han et al., CVPR 2018) and what it is compared with."""

__version__ = "0.1.0"
