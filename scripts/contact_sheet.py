"""Make docs/images/world.jpg, a sheet of a made-up world for the README: its first people, then its first garments.

    python scripts/contact_sheet.py [--world runs/demo/data] [--out docs/images/world.jpg] [--number 48]

People and garments come in the order of their names over all splits; none is chosen.
"""

import argparse
from pathlib import Path

import numpy as np

from viton.data.dataset import SPLITS
from viton.data.layouts import open_dataset
from viton.dataset_figures import contact_sheet
from viton.files import write_bytes
from viton.images import encode
from viton_eval.tables import first_garments, first_people

SIZE, ACROSS = (96, 72), 16
LARGEST = 250_000  # bytes; a README is read over slow lines too

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--world", type=Path, default=Path("runs/demo/data"))
parser.add_argument("--out", type=Path, default=Path("docs/images/world.jpg"))
parser.add_argument("--number", type=int, default=48, help="of people, and of garments")
options = parser.parse_args()

splits = [open_dataset(options.world, split) for split in SPLITS if (options.world / split).is_dir()]
kinds = (first_people(splits, SIZE, options.number), first_garments(splits, SIZE, options.number))
sheet = np.concatenate([contact_sheet([each.image for each in kind], ACROSS) for kind in kinds])
encoded = (encode(sheet, ".jpg", quality) for quality in range(92, 40, -4))
small = next((data for data in encoded if len(data) < LARGEST), None)
if small is None:
    raise SystemExit(f"{options.out}: expected a sheet below {LARGEST} bytes; {options.number} of each are too many")
write_bytes(options.out, small)
