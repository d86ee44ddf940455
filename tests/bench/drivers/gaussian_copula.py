"""A Gaussian copula for each pair of a parent's operation and a span's, drawn given what the parent drew.

Marginals are 101 quantiles of numbers, and shares of values; the joint is one correlation matrix of normal scores.
"""

import gzip
import pickle

import numpy as np
import pandas as pd
from scipy.stats import norm

from traces import main

QUANTILES = 101
GIVEN = ["parent_duration", "parent_error"]


class Column:
    """The marginal of one column: values in order with the shares up to each, or quantiles."""

    def __init__(self, values, random):
        filled = pd.Series(values)
        self.discrete = filled.dtype == object or filled.isna().any() or filled.nunique() <= 64
        if self.discrete:
            counts = filled.value_counts(dropna=False)
            self.values = counts.index.to_numpy()
            self.upper = np.cumsum(counts.to_numpy()) / len(filled)
        else:
            self.values = np.quantile(filled, np.linspace(0, 1, QUANTILES))
            self.upper = np.linspace(0, 1, QUANTILES)
        self.scores = self.score(values, random)

    def score(self, values, random):
        """Normal scores; equal values are spread evenly over their share."""
        if self.discrete:
            place = {key: i for i, key in enumerate(self.values.tolist())}
            missing = next((i for i, key in enumerate(self.values.tolist()) if key != key), 0)
            at = np.array([place.get(value, missing) for value in np.asarray(values).tolist()])
            lower = np.concatenate([[0.0], self.upper[:-1]])
            u = lower[at] + random.random(len(at)) * (self.upper[at] - lower[at])
        else:
            u = np.interp(np.asarray(values, dtype=float), self.values, self.upper)
        return norm.ppf(np.clip(u, 1e-4, 1 - 1e-4))

    def value(self, scores):
        u = norm.cdf(scores)
        if self.discrete:
            return self.values[np.minimum(np.searchsorted(self.upper, u), len(self.values) - 1)]
        return np.interp(u, self.upper, self.values)


class Edge:
    def __init__(self, rows, targets, random):
        self.columns = [Column(rows[name].to_numpy(), random) for name in [*GIVEN, *targets]]
        scores = np.stack([column.scores for column in self.columns])
        for column in self.columns:
            del column.scores
        size = len(self.columns)
        joint = np.corrcoef(scores) if len(rows) > 2 else np.eye(size)
        joint = 0.999 * np.nan_to_num(joint) + 0.001 * np.eye(size)
        np.fill_diagonal(joint, 1.0)
        g = len(GIVEN)
        self.weights = joint[g:, :g] @ np.linalg.inv(joint[:g, :g])
        rest = joint[g:, g:] - self.weights @ joint[:g, g:]
        values, vectors = np.linalg.eigh(rest)
        self.root = vectors * np.sqrt(np.maximum(values, 0))

    def sample(self, given, random):
        g = len(GIVEN)
        known = np.stack([column.score(values, random) for column, values in zip(self.columns[:g], given)])
        scores = self.weights @ known + self.root @ random.standard_normal((len(self.root), known.shape[1]))
        return [column.value(row) for column, row in zip(self.columns[g:], scores)]


class Copulas:
    def __init__(self, table, seed):
        random = np.random.default_rng(seed)
        self.targets = table.targets
        self.edges = {
            key: Edge(rows, self.targets, random) for key, rows in table.rows.groupby(["above", "operation"], sort=True)
        }

    def bytes(self):
        return len(gzip.compress(pickle.dumps(self.edges), 9))

    def sample(self, above, operation, parent_duration, parent_error, random):
        frame = pd.DataFrame({target: pd.Series(index=range(len(above)), dtype=object) for target in self.targets})
        places = pd.DataFrame({"above": above, "operation": operation}).groupby(["above", "operation"], sort=True)
        for key, at in places.indices.items():
            drawn = self.edges[key].sample([parent_duration[at], parent_error[at]], random)
            for target, values in zip(self.targets, drawn):
                frame.iloc[at, frame.columns.get_loc(target)] = values
        return frame


if __name__ == "__main__":
    main(Copulas)
