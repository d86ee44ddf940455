"""A trace as a time series of rows, as the NetShare and TabFormer baselines of Gen-T's paper see it, and back.

A row is a chain of two spans (the parent's operation and the span's) with the span's gap from the parent, duration, error,
two text and three number attributes; beside the rows of a trace, its start. Rows go depth first, siblings by start, so that
the parent of a row can be told from the chain: the nearest span of that operation on the path to the row before.
numpy only.
"""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from otlp import ROOT

TEXTS, NUMBERS = 2, 3
MOST_VALUES = 200
LEVELS = 65535
ABSENT = None
TIMES = ("gap", "duration")


@dataclass
class Rows:
    """Codes of all rows, trace after trace. `values[column]` are what codes stand for; of gaps and durations `edges[column]`,
    in log1p of ns, so that code c lies between edges c and c + 1."""

    operations: list
    chains: list
    values: dict
    edges: dict
    codes: dict
    lengths: np.ndarray
    starts: np.ndarray
    notes: dict = field(default_factory=dict)

    @property
    def columns(self):
        return list(self.codes)

    def sizes(self):
        """How many codes each column has."""
        counted = {"chain": len(self.chains), **{name: len(values) for name, values in self.values.items()}}
        return {name: len(self.edges[name]) - 1 if name in self.edges else counted[name] for name in self.codes}

    def like(self, codes, lengths, starts, edges=None):
        """Other rows over the same vocabulary."""
        return Rows(self.operations, self.chains, self.values, edges or self.edges, codes, lengths, starts)

    def save(self, path):
        head = {"operations": self.operations, "chains": self.chains, "values": self.values, "notes": self.notes}
        small = {name: code.astype(np.uint8 if code.max(initial=0) < 256 else np.uint16) for name, code in self.codes.items()}
        np.savez_compressed(
            path,
            head=np.array(json.dumps(head)),
            lengths=self.lengths.astype(np.int32),
            starts=self.starts.astype(np.int64),
            **{f"code {name}": code for name, code in small.items()},
            # Even levels are told by their ends.
            **{f"edges {name}": edges[[0, -1]] if len(edges) == LEVELS + 1 else edges for name, edges in self.edges.items()},
        )

    @staticmethod
    def load(path):
        with np.load(path) as held:
            head = json.loads(str(held["head"]))
            part = lambda kind: {name[len(kind) :]: held[name] for name in held.files if name.startswith(kind)}
            return Rows(
                [tuple(operation) for operation in head["operations"]],
                [tuple(chain) for chain in head["chains"]],
                head["values"],
                {name: np.linspace(*edges, LEVELS + 1) if len(edges) == 2 else edges for name, edges in part("edges ").items()},
                {name: code.astype(np.int64) for name, code in part("code ").items()},
                held["lengths"].astype(np.int64),
                held["starts"],
                head["notes"],
            )


def depth_first(trace):
    """Indices of the spans of a trace, parents before children, siblings by start; the first span stays first."""
    below = defaultdict(list)
    for i, span in enumerate(trace):
        below[span["parent"]].append(i)
    order, waiting = [], below[ROOT][::-1]
    while waiting:
        at = waiting.pop()
        order.append(at)
        waiting.extend(below[at][::-1])
    return order


def most_frequent_attributes(traces):
    """Keys of the attributes that most spans have: text of few values, and whole numbers."""
    texts, numbers, values = Counter(), Counter(), defaultdict(set)
    for trace in traces:
        for span in trace:
            for key, value in span["attributes"].items():
                if isinstance(value, str):
                    texts[key] += 1
                    if len(values[key]) <= MOST_VALUES:
                        values[key].add(value)
                elif isinstance(value, int) and not isinstance(value, bool):
                    numbers[key] += 1
    chosen = [key for key, _ in texts.most_common() if 2 <= len(values[key]) <= MOST_VALUES][:TEXTS]
    return chosen, [key for key, _ in numbers.most_common(NUMBERS)]


def _grouped(numbers):
    """At most MOST_VALUES values that stand for all: themselves, else medians of groups of equal size."""
    distinct = np.unique(numbers)
    if len(distinct) <= MOST_VALUES:
        return distinct
    return np.unique(np.quantile(numbers, (np.arange(MOST_VALUES) + 0.5) / MOST_VALUES, method="nearest"))


def encode(traces):
    """Rows of traces as `otlp.read` gives them."""
    texts, numbers = most_frequent_attributes(traces)
    operations, chains = {}, {}
    chain, error, lengths, starts = [], [], [], []
    times = {name: [] for name in TIMES}
    attributes = {key: [] for key in [*texts, *numbers]}
    for trace in traces:
        lengths.append(len(trace))
        starts.append(trace[0]["start"])
        for i in depth_first(trace):
            span = trace[i]
            parent = trace[span["parent"]] if span["parent"] != ROOT else None
            code = operations.setdefault(span["operation"], len(operations))
            above = operations[parent["operation"]] if parent else ROOT
            chain.append(chains.setdefault((above, code), len(chains)))
            error.append(int(span["error"]))
            times["gap"].append(span["start"] - (parent or trace[0])["start"])
            times["duration"].append(max(0, span["end"] - span["start"]))
            for key, column in attributes.items():
                column.append(span["attributes"].get(key, ABSENT))
    values, edges, codes = {}, {}, {"chain": np.array(chain)}
    for name, column in times.items():
        logs = np.log1p(np.array(column, dtype=np.float64))
        # The last edge lies above the longest, so that the longest has a level, and decodes to at most 0.04% more.
        edges[name] = np.linspace(0, max(logs.max(), 1.0), LEVELS + 1)
        codes[name] = np.minimum((logs / edges[name][-1] * LEVELS).astype(np.int64), LEVELS - 1)
    codes["error"] = np.array(error)
    values["error"] = [0, 1]
    for key, column in attributes.items():
        present = [value for value in column if value is not ABSENT]
        if key in numbers:
            held = _grouped(np.array(present)).astype(np.int64)
            nearest = np.abs(held[:, None] - np.unique(present)[None, :]).argmin(axis=0)
            place = {int(value): int(at) for value, at in zip(np.unique(present), nearest)}
            held = held.tolist()
        else:
            held = sorted({str(value) for value in present})
            place = {value: at for at, value in enumerate(held)}
        gone = len(present) < len(column)
        values[key] = [*([ABSENT] if gone else []), *held]
        at = lambda value: 0 if value is ABSENT else place[value if key in numbers else str(value)] + gone
        codes[key] = np.array([at(value) for value in column])
    return Rows(
        list(operations), list(chains), values, edges, codes, np.array(lengths), np.array(starts, dtype=np.int64)
    )


def parents(rows):
    """For each row the row of its parent within its trace, or ROOT."""
    found = np.full(len(rows.codes["chain"]), ROOT)
    first = 0
    for length in rows.lengths:
        path, latest = [], {}
        for at in range(length):
            above, operation = rows.chains[rows.codes["chain"][first + at]]
            parent = ROOT
            if above != ROOT:
                depth = next((d for d in range(len(path) - 1, -1, -1) if path[d][1] == above), None)
                # A chain whose first span is not on the path hangs from the latest span of that operation, else from nothing.
                parent = path[depth][0] if depth is not None else latest.get(above, ROOT)
                path = path[: depth + 1] if depth is not None else []
            else:
                path = []
            found[first + at] = parent
            path.append((at, operation))
            latest[operation] = at
        first += length
    return found


def decode(rows, seed):
    """Traces of rows, as `otlp.write` takes them. Times are drawn evenly within their code, in log1p of ns."""
    random = np.random.default_rng(seed)
    up = parents(rows)
    nanos = {}
    for name in TIMES:
        edges, code = rows.edges[name], rows.codes[name]
        logs = edges[code] + random.random(len(code)) * (edges[code + 1] - edges[code])
        nanos[name] = np.rint(np.expm1(logs)).astype(np.int64)
    keys = [name for name in rows.values if name != "error"]
    first = 0
    for length, begin in zip(rows.lengths, rows.starts):
        trace = []
        for at in range(first, first + length):
            parent = up[at]
            origin = int(begin) if at == first else trace[parent if parent != ROOT else 0]["start"] + int(nanos["gap"][at])
            held = {key: rows.values[key][rows.codes[key][at]] for key in keys}
            trace.append(
                {
                    "operation": rows.operations[rows.chains[rows.codes["chain"][at]][1]],
                    "parent": int(parent),
                    "start": origin,
                    "end": origin + int(nanos["duration"][at]),
                    "error": bool(rows.codes["error"][at]),
                    "attributes": {key: value for key, value in held.items() if value is not ABSENT},
                }
            )
        yield trace
        first += length


def binned(rows, name, count):
    """Codes and edges of a column of times in `count` groups of equal size (fewer where values tie), as TabFormer does."""
    codes = rows.codes[name]
    cuts = np.unique(np.quantile(codes, np.linspace(0, 1, count + 1)[1:-1], method="nearest"))
    return np.searchsorted(cuts, codes, side="right"), rows.edges[name][np.concatenate([[codes.min()], cuts, [codes.max() + 1]])]
