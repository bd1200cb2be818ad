"""The human study (paper, section 4.5): from results to trials, answers and a table with honest intervals.

settings.py      what a study asks, of whom, and by which rules answers are left out
design.py        which trials each rater sees, balanced
frozen.py        a study on disk, and that nobody has changed it
"""
