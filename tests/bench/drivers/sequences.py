"""Rows as sequences of tokens, as TabFormer flattens a table for GPT-2; numpy only.

A trace is [begin, start, chain, field, field, ..., chain, field, field, ..., end]. Each field has its own tokens; those with one
value everywhere are left out. `end` is one more value of the chain.
"""

import numpy as np

from rows import TIMES, binned

BINS = 100
START_BINS = 512
BEGIN, PAD = 0, 1


class Sequences:
    """The vocabulary of rows in tokens: per field of a row, where its tokens begin and how many there are."""

    def __init__(self, rows, bins=BINS, start_bins=START_BINS):
        self.rows = rows
        self.edges = {}
        codes = dict(rows.codes)
        for name in TIMES:
            codes[name], self.edges[name] = binned(rows, name, bins)
        sizes = {**rows.sizes(), **{name: len(edges) - 1 for name, edges in self.edges.items()}}
        self.constant = {name: int(code[0]) for name, code in codes.items() if name != "chain" and (code == code[0]).all()}
        self.fields = ["chain", *(name for name in codes if name != "chain" and name not in self.constant)]
        self.codes = codes
        self.start_edges = np.unique(np.quantile(rows.starts.astype(np.float64), np.linspace(0, 1, start_bins + 1)))
        at = 2
        self.start_from, at = at, at + len(self.start_edges)
        self.first, self.size = {}, {}
        for name in self.fields:
            self.first[name] = at
            self.size[name] = sizes[name] + (name == "chain")
            at += self.size[name]
        self.end = self.first["chain"] + self.size["chain"] - 1
        self.tokens = at

    def field_at(self, place):
        """The field that stands at a place of a sequence: None for the start of the trace, which is at place 1."""
        return None if place < 2 else self.fields[(place - 2) % len(self.fields)]

    def range_at(self, place):
        """First token and count of tokens that can stand at a place from 1 on."""
        name = self.field_at(place)
        return (self.start_from, len(self.start_edges) - 1 or 1) if name is None else (self.first[name], self.size[name])

    def encode(self):
        """One array of tokens a trace, without padding."""
        table = np.stack([self.codes[name] + self.first[name] for name in self.fields], axis=1)
        starts = np.clip(np.searchsorted(self.start_edges, self.rows.starts, side="right") - 1, 0, max(0, len(self.start_edges) - 2))
        sequences, first = [], 0
        for length, start in zip(self.rows.lengths, starts):
            flat = table[first : first + length].reshape(-1)
            sequences.append(np.concatenate([[BEGIN, start + self.start_from], flat, [self.end]]))
            first += length
        return sequences

    def decode(self, sequences, seed):
        """Rows of sequences that end with `end` or in the middle of a row (which is dropped); empty ones are left out."""
        random = np.random.default_rng(seed)
        parts, lengths, starts = [], [], []
        for sequence in sequences:
            body = np.asarray(sequence)[2:]
            ends = np.flatnonzero(body[:: len(self.fields)] == self.end)
            whole = ends[0] if len(ends) else len(body) // len(self.fields)
            if whole == 0:
                continue
            parts.append(body[: whole * len(self.fields)].reshape(whole, -1))
            lengths.append(whole)
            bin_at = int(sequence[1]) - self.start_from
            low, high = self.start_edges[bin_at], self.start_edges[min(bin_at + 1, len(self.start_edges) - 1)]
            starts.append(int(low + random.random() * (high - low)))
        table = np.concatenate(parts)
        codes = {name: table[:, i] - self.first[name] for i, name in enumerate(self.fields)}
        codes.update({name: np.full(len(table), code) for name, code in self.constant.items()})
        codes = {name: codes[name] for name in self.rows.codes}
        return self.rows.like(codes, np.array(lengths), np.array(starts, dtype=np.int64), {**self.rows.edges, **self.edges})
