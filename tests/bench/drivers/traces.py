"""Traces as rows of a table, as Gen-T's chains are, and back: what the drivers of this folder share.

A row is a span with what is known of its parent. Kept exactly beside the table, as Gen-T keeps it: how many traces have
which tree. Attributes: the two text and three number attributes that most spans have.
"""

import math
import sys
from collections import Counter, defaultdict

import numpy as np
import pandas as pd

from otlp import ROOT, read, write

TEXTS, NUMBERS = 2, 3
MOST_VALUES = 200
JITTER = 10**9
ABSENT = "(none)"


def tree_of(codes, trace):
    """The tree of a trace as pairs of operation and parent, parents first, siblings in the order of their operations."""
    below = defaultdict(list)
    for i, span in enumerate(trace):
        below[span["parent"]].append(i)
    tree = []

    def add(i, parent):
        tree.append((codes[i], parent))
        here = len(tree) - 1
        for child in sorted(below[i], key=lambda child: codes[child]):
            add(child, here)

    # The first span stays first: the trace begins with it.
    for top in sorted(below[ROOT], key=lambda top: (top != 0, codes[top])):
        add(top, ROOT)
    return tuple(tree)


class Table:
    """Rows of all spans, the operations behind their numbers, and the exact counts of trees."""

    def __init__(self, traces):
        keys = Counter(), Counter()
        values = defaultdict(set)
        for trace in traces:
            for span in trace:
                for key, value in span["attributes"].items():
                    if isinstance(value, str):
                        keys[0][key] += 1
                        if len(values[key]) <= MOST_VALUES:
                            values[key].add(value)
                    elif isinstance(value, int) and not isinstance(value, bool):
                        keys[1][key] += 1
        self.texts = [key for key, _ in keys[0].most_common() if 2 <= len(values[key]) <= MOST_VALUES][:TEXTS]
        self.numbers = [key for key, _ in keys[1].most_common(NUMBERS)]
        self.operations = []
        numbers = {}
        rows = []
        self.trees = defaultdict(list)
        for trace in traces:
            codes = []
            for span in trace:
                if span["operation"] not in numbers:
                    numbers[span["operation"]] = len(self.operations)
                    self.operations.append(span["operation"])
                codes.append(numbers[span["operation"]])
            self.trees[tree_of(codes, trace)].append(trace[0]["start"])
            for code, span in zip(codes, trace):
                parent = trace[span["parent"]] if span["parent"] != ROOT else None
                origin = parent or trace[0]
                rows.append(
                    [
                        codes[span["parent"]] if parent else ROOT,
                        code,
                        math.log1p(parent["end"] - parent["start"]) if parent else 0.0,
                        int(parent["error"]) if parent else 0,
                        math.log1p(max(0, span["start"] - origin["start"])),
                        math.log1p(max(0, span["end"] - span["start"])),
                        int(span["error"]),
                        *(str(span["attributes"].get(key, ABSENT)) for key in self.texts),
                        *(span["attributes"].get(key, np.nan) for key in self.numbers),
                    ]
                )
        self.targets = ["gap", "duration", "error", *self.texts, *self.numbers]
        self.rows = pd.DataFrame(rows, columns=["above", "operation", "parent_duration", "parent_error", *self.targets])
        for key in self.numbers:
            self.rows[key] = pd.to_numeric(self.rows[key], errors="coerce").astype(float)


def generate(table, model, path, seed):
    """Draws every trace of the exact counts, level by level from the roots, and writes OTLP/JSON.

    `model.sample(above, operation, parent_duration, parent_error, random)` gives a frame of table.targets.
    """
    random = np.random.default_rng(seed)
    spans = []
    traces = []
    for tree, starts in table.trees.items():
        # Starts given the tree: within a second of one that was seen, so that no traffic comes while there was none.
        drawn = random.choice(np.array(starts, dtype=np.int64), len(starts))
        drawn = drawn + random.integers(-JITTER, JITTER, len(starts))
        for start in drawn:
            first = len(spans)
            for code, parent in tree:
                depth = 0 if parent == ROOT else spans[first + parent]["depth"] + 1
                spans.append({"operation": code, "parent": first + parent if parent != ROOT else ROOT, "depth": depth})
            traces.append((first, len(tree), start))
    count = len(spans)
    operation = np.array([span["operation"] for span in spans])
    parent = np.array([span["parent"] for span in spans])
    depth = np.array([span["depth"] for span in spans])
    drawn = {target: np.empty(count, dtype=object if target in table.texts else np.float64) for target in table.targets}
    for level in range(depth.max() + 1):
        at = np.flatnonzero(depth == level)
        up = parent[at]
        rooted = up == ROOT
        above = np.where(rooted, ROOT, operation[up])
        long = np.where(rooted, 0.0, np.nan_to_num(drawn["duration"][up].astype(float)))
        wrong = np.where(rooted, 0.0, np.nan_to_num(drawn["error"][up].astype(float)))
        frame = model.sample(above, operation[at], long, wrong, random)
        for target in table.targets:
            drawn[target][at] = frame[target].to_numpy()
    start = np.zeros(count)
    duration = np.expm1(np.clip(drawn["duration"].astype(float), 0, 60))
    gap = np.expm1(np.clip(drawn["gap"].astype(float), 0, 60))
    held = [*((key, drawn[key]) for key in table.texts), *((key, drawn[key]) for key in table.numbers)]

    def trace_at(first, size, begin):
        trace = []
        for i in range(first, first + size):
            origin = parent[i] if parent[i] != ROOT else first
            start[i] = 0.0 if i == first else start[origin] + gap[i]
            nanos = int(begin) + int(start[i])
            attributes = {key: values[i] if key in table.texts else int(values[i]) for key, values in held if _is_there(values[i])}
            trace.append(
                {
                    "operation": table.operations[operation[i]],
                    "parent": int(parent[i]) - first if parent[i] != ROOT else ROOT,
                    "start": nanos,
                    "end": nanos + int(duration[i]),
                    "error": drawn["error"][i] > 0.5,
                    "attributes": attributes,
                }
            )
        return trace

    write(path, (trace_at(*which) for which in traces))


def _is_there(value):
    return value != ABSENT if isinstance(value, str) else not np.isnan(value)


def main(make):
    """`script.py IN OUT SEED`: reads, lets `make(table, seed)` fit a model, writes. Model bytes go to stderr."""
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} IN OUT SEED")
    source, target, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    table = Table(read(source))
    model = make(table, seed)
    print(f"model: {model.bytes()} bytes gzipped, without the counts of trees and their starts", file=sys.stderr)
    generate(table, model, target, seed)
