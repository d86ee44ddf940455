"""replay.py FILE IN OUT SEED: traces of rows that batch.py kept, as OTLP/JSON. For `gent evaluate --driver`; IN is not read."""

import sys

from otlp import write
from rows import Rows, decode


def main():
    if len(sys.argv) != 5:
        sys.exit(f"usage: {sys.argv[0]} FILE IN OUT SEED")
    rows = Rows.load(sys.argv[1])
    print(f"{write(sys.argv[3], decode(rows, int(sys.argv[4])))} traces; {rows.notes}", file=sys.stderr)


if __name__ == "__main__":
    main()
