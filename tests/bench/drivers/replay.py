"""replay.py FILE OUT SEED: traces of rows that batch.py kept, as OTLP/JSON. For `gent evaluate --driver`."""

import sys

from otlp import write
from rows import Rows, decode


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} FILE OUT SEED")
    rows = Rows.load(sys.argv[1])
    print(f"{write(sys.argv[2], decode(rows, int(sys.argv[3])))} traces; {rows.notes}", file=sys.stderr)


if __name__ == "__main__":
    main()
