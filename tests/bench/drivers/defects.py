"""defects.py REAL.npz DRAWN.npz ...: how far drawn rows are from being traces; the arrays of prepare.py and batch.py. numpy only.

For each file of drawn rows, and for the real ones: rows a trace; the share of traces whose first row is not one that any real
trace begins with; the share of rows whose parent's operation has not come before in its trace, which decode to further roots.
"""

import os
import sys

import numpy as np

from otlp import ROOT
from rows import Rows, parents


def first_rows(rows):
    return rows.codes["chain"][np.concatenate([[0], np.cumsum(rows.lengths)[:-1]])]


def main():
    if len(sys.argv) < 3:
        sys.exit(f"usage: {sys.argv[0]} REAL.npz DRAWN.npz ...")
    real = Rows.load(sys.argv[1])
    begins = {real.chains[code] for code in first_rows(real)}
    for path in sys.argv[1:]:
        rows = Rows.load(path)
        strange = np.mean([rows.chains[code] not in begins for code in first_rows(rows)])
        below = np.array([above != ROOT for above, _ in rows.chains])[rows.codes["chain"]]
        lost = np.mean((parents(rows) == ROOT) & below)
        print(f"{os.path.basename(path)}: {rows.lengths.mean():.2f} rows a trace, {strange:.2%} begin as no real one, {lost:.2%} without parent")


if __name__ == "__main__":
    main()
