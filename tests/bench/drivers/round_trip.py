"""round_trip.py IN OUT rows|sequences: traces through rows, kept in a file and read back, or through tokens as well; numpy only.

For tests: what the representation alone loses, before any network. Writes beside OUT what the tokens are, as JSON.
"""

import json
import os
import sys

from otlp import read, write
from rows import Rows, decode, encode
from sequences import Sequences


def main():
    if len(sys.argv) != 4 or sys.argv[3] not in ("rows", "sequences"):
        sys.exit(f"usage: {sys.argv[0]} IN OUT rows|sequences")
    source, target, how = sys.argv[1:]
    encode(read(source)).save(target + ".npz")
    rows = Rows.load(target + ".npz")
    os.remove(target + ".npz")
    if how == "sequences":
        sequences = Sequences(rows)
        drawn = sequences.encode()
        outside = 0
        for sequence in drawn:
            for place in range(1, len(sequence)):
                first, size = sequences.range_at(place)
                outside += not first <= sequence[place] < first + size
        rows = sequences.decode(drawn, 1)
        print(json.dumps({"tokens": sequences.tokens, "outside": outside, "fields": sequences.fields}))
    write(target, decode(rows, 1))


if __name__ == "__main__":
    main()
