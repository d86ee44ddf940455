"""CTGAN (Xu et al. 2019, package `ctgan`) over rows of a span with its parent, as Gen-T chains such rows.

CTGAN draws whole rows, so a span is drawn by taking a row with the same operations and a parent as slow: a pool is drawn for
each place, and rows are taken from it by the rank of the parent's duration among sixteen. EPOCHS and ROWS are in the environment.
"""

import gzip
import io
import os
import sys
import time

import numpy as np
import pandas as pd
import torch
from ctgan import CTGAN

from traces import ABSENT, main

EPOCHS = int(os.environ.get("EPOCHS", "60"))
ROWS = int(os.environ.get("ROWS", "30000"))
RANKS = 16
POOL = 12


class Chains:
    def __init__(self, table, seed):
        self.table = table
        rows = table.rows.copy()
        self.cuts = {
            operation: np.quantile(group["duration"], np.linspace(0, 1, RANKS + 1)[1:-1])
            for operation, group in rows.groupby("operation")
        }
        rows["place"] = rows["above"].astype(str) + ">" + rows["operation"].astype(str)
        rows["rank"] = self.rank(rows["above"].to_numpy(), rows["parent_duration"].to_numpy()).astype(str)
        self.texts = [*table.texts]
        self.numbers = [*table.numbers]
        for key in self.numbers:
            rows[f"has {key}"] = rows[key].notna().astype(str)
            rows[key] = rows[key].fillna(rows[key].median() if rows[key].notna().any() else 0.0)
        rows["error"] = rows["error"].astype(str)
        columns = ["place", "rank", "gap", "duration", "error", *self.texts, *self.numbers]
        columns += [f"has {key}" for key in self.numbers]
        discrete = ["place", "rank", "error", *self.texts, *(f"has {key}" for key in self.numbers)]
        sample = rows[columns].sample(min(ROWS, len(rows)), random_state=seed)
        torch.manual_seed(seed)
        np.random.seed(seed)
        began = time.time()
        self.model = CTGAN(epochs=EPOCHS, batch_size=1000, generator_dim=(128,), discriminator_dim=(128,), verbose=False)
        self.model.fit(sample, discrete)
        print(f"CTGAN: {len(sample)} rows, {EPOCHS} epochs, {time.time() - began:.0f} s", file=sys.stderr)
        wanted = rows["place"].value_counts()
        # What is drawn is matched by place: places that come rarely are asked for by name.
        drawn = [self.model.sample(min(POOL * 2000, POOL * int(wanted.sum() ** 0.5) * 10))]
        for place, count in wanted.items():
            drawn.append(self.model.sample(int(min(4000, max(200, count))), "place", place))
        pool = pd.concat(drawn, ignore_index=True)
        self.pool = pool
        self.by_place = pool.groupby(["place", "rank"]).indices
        self.by_place_alone = pool.groupby("place").indices

    def rank(self, above, durations):
        ranks = np.zeros(len(above), dtype=int)
        for operation, cuts in self.cuts.items():
            at = above == operation
            ranks[at] = np.searchsorted(cuts, durations[at])
        return ranks

    def bytes(self):
        buffer = io.BytesIO()
        torch.save(self.model._generator.state_dict(), buffer)
        return len(gzip.compress(buffer.getvalue(), 9))

    def sample(self, above, operation, parent_duration, parent_error, random):
        ranks = self.rank(above, parent_duration)
        chosen = np.empty(len(above), dtype=int)
        for i, (a, o, r) in enumerate(zip(above, operation, ranks)):
            rows = self.by_place.get((f"{a}>{o}", str(r)))
            if rows is None:
                rows = self.by_place_alone.get(f"{a}>{o}")
            chosen[i] = random.choice(rows) if rows is not None else random.integers(len(self.pool))
        frame = self.pool.iloc[chosen].reset_index(drop=True)
        frame["error"] = frame["error"].astype(float)
        for key in self.texts:
            frame[key] = frame[key].fillna(ABSENT).astype(str)
        for key in self.numbers:
            frame[key] = frame[key].where(frame[f"has {key}"] == "True").astype(float)
        return frame[self.table.targets]


if __name__ == "__main__":
    main(Chains)
