"""The human study (paper, section 4.5): from results to trials, answers and a table with honest intervals.

settings.py      what a study asks, of whom, and by which rules answers are left out
design.py        which trials each rater sees, balanced; pictures.py what they show; frozen.py the study on disk
votes_needed.py  how many votes it takes, by simulation; simulate.py raters that nobody is
server.py        the page for raters, and store.py what keeps their answers; organiser.py the page of who asks
export.py        booklets, Mechanical Turk, tables; ingest.py answers from everywhere into answers.py's one table
analyse.py       win_rates.py, bradley_terry.py, agreement.py, quality.py, flashes.py; intervals.py how sure all that is
"""
