"""subset.py IN OUT COUNT: the traces that batch.py gives Gen-T's code, evenly spread, so that others can be given the same.

Lines are copied as they are; lines without spans do not count. The standard library only.
"""

import gzip
import json
import sys

from otlp import evenly


def has_spans(line):
    return any(scope.get("spans") for group in json.loads(line).get("resourceSpans", []) for scope in group.get("scopeSpans", []))


def main():
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} IN OUT COUNT")
    source, target, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with gzip.open(source, "rt") if source.endswith(".gz") else open(source, encoding="utf-8") as lines:
        kept = evenly([line for line in lines if has_spans(line)], count)
    with open(target, "w", encoding="utf-8") as out:
        out.writelines(kept)
    print(f"{len(kept)} traces")


if __name__ == "__main__":
    main()
