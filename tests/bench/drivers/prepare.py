"""prepare.py FOLDER NAME=IN ...: compact arrays of traces for batch.py, so that a machine without the traces can fit drivers.

Writes NAME.npz (rows, for TabFormer, NetShare and Gen-T's code) and NAME.parquet (rows with their parents, for CTGAN).
"""

import os
import sys

from ctgan_chains import frame_of
from otlp import read
from rows import encode
from traces import Table


def main():
    folder, sets = sys.argv[1], [given.split("=", 1) for given in sys.argv[2:]]
    os.makedirs(folder, exist_ok=True)
    for name, source in sets:
        traces = read(source)
        encode(traces).save(os.path.join(folder, f"{name}.npz"))
        frame = frame_of(Table(traces))
        # A thousandth of a natural logarithm is a tenth of a percent of a duration.
        frame[["gap", "duration"]] = frame[["gap", "duration"]].round(3).astype("float32")
        for column in frame.select_dtypes(exclude="number"):
            frame[column] = frame[column].astype("category")
        frame.to_parquet(os.path.join(folder, f"{name}.parquet"), compression="zstd", compression_level=19)
        print(f"{name}: {len(traces)} traces, {len(frame)} spans")


if __name__ == "__main__":
    main()
