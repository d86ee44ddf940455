"""CTGAN (Xu et al. 2019, package `ctgan`) over rows of a span with its parent, as Gen-T chains such rows.

CTGAN draws whole rows, so a span is drawn by taking a row with the same operations and a parent as slow: a pool is drawn for
each place, and rows are taken from it by the rank of the parent's duration among sixteen. EPOCHS and ROWS are in the
environment; POOL names a pool that was drawn before (by batch.py), then nothing is fitted.
"""

import gzip
import io
import os
import sys
import time

import numpy as np
import pandas as pd

from traces import ABSENT, main

EPOCHS = int(os.environ.get("EPOCHS", "60"))
ROWS = int(os.environ.get("ROWS", "30000"))
RANKS = 16
MOST, LEAST = 4000, 200


def rank(cuts, above, durations):
    """Which sixteenth of the durations of its operation a parent's is in."""
    ranks = np.zeros(len(above), dtype=int)
    for operation, edges in cuts.items():
        at = above == operation
        ranks[at] = np.searchsorted(edges, durations[at])
    return ranks


def cuts_of(table):
    return {
        operation: np.quantile(group["duration"], np.linspace(0, 1, RANKS + 1)[1:-1])
        for operation, group in table.rows.groupby("operation")
    }


def frame_of(table):
    """The rows that CTGAN learns; numbers that a span may lack get a column that says whether it has them."""
    rows = table.rows
    frame = pd.DataFrame({"place": rows["above"].astype(str) + ">" + rows["operation"].astype(str)})
    frame["rank"] = rank(cuts_of(table), rows["above"].to_numpy(), rows["parent_duration"].to_numpy()).astype(str)
    frame["gap"], frame["duration"] = rows["gap"], rows["duration"]
    frame["error"] = rows["error"].astype(str)
    for key in table.texts:
        frame[key] = rows[key]
    for key in table.numbers:
        frame[f"has {key}"] = rows[key].notna().astype(str)
        frame[key] = rows[key].fillna(rows[key].median() if rows[key].notna().any() else 0.0)
    return frame


def pool_of(frame, seed):
    """Fits a model to a sample of the rows and draws a pool of rows for each place; beside it what there is to tell."""
    import torch
    from ctgan import CTGAN

    sample = frame.sample(min(ROWS, len(frame)), random_state=seed)
    discrete = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    torch.manual_seed(seed)
    np.random.seed(seed)
    began = time.time()
    model = CTGAN(epochs=EPOCHS, batch_size=1000, generator_dim=(128,), discriminator_dim=(128,), verbose=False)
    model.fit(sample, discrete)
    notes = {"rows": len(sample), "epochs": EPOCHS, "seconds": round(time.time() - began, 1)}
    for name, kind in (("bytes_fp32", torch.float32), ("bytes_fp16", torch.float16)):
        held = io.BytesIO()
        for weight in model._generator.state_dict().values():
            held.write(weight.to("cpu", kind).numpy().tobytes())
        notes[name] = len(gzip.compress(held.getvalue(), 9))
    began = time.time()
    wanted = frame["place"].value_counts()
    # What is drawn is matched by place: places that come rarely are asked for by name.
    drawn = [model.sample(min(20 * MOST, 10 * len(wanted) * LEAST))]
    known = set(sample["place"])
    for place, count in wanted.items():
        if place in known:
            drawn.append(model.sample(int(min(MOST, max(LEAST, count))), "place", place))
    pool = pd.concat(drawn, ignore_index=True)
    notes["drawing_seconds"] = round(time.time() - began, 1)
    return pool, notes


class Chains:
    def __init__(self, table, seed):
        self.table = table
        self.cuts = cuts_of(table)
        if "POOL" in os.environ:
            self.pool, self.notes = pd.read_parquet(os.environ["POOL"]), {}
        else:
            self.pool, self.notes = pool_of(frame_of(table), seed)
            print(f"CTGAN: {self.notes}", file=sys.stderr)
        self.by_place = self.pool.groupby(["place", "rank"], observed=True).indices
        self.by_place_alone = self.pool.groupby("place", observed=True).indices

    def bytes(self):
        return self.notes.get("bytes_fp32", 0)

    def sample(self, above, operation, parent_duration, parent_error, random):
        ranks = rank(self.cuts, above, parent_duration)
        chosen = np.empty(len(above), dtype=int)
        for i, (a, o, r) in enumerate(zip(above, operation, ranks)):
            rows = self.by_place.get((f"{a}>{o}", str(r)))
            if rows is None:
                rows = self.by_place_alone.get(f"{a}>{o}")
            chosen[i] = random.choice(rows) if rows is not None else random.integers(len(self.pool))
        frame = self.pool.iloc[chosen].reset_index(drop=True)
        frame["error"] = frame["error"].astype(float)
        for key in self.table.texts:
            frame[key] = frame[key].astype(object).fillna(ABSENT).astype(str)
        for key in self.table.numbers:
            frame[key] = frame[key].where(frame[f"has {key}"].astype(str) == "True").astype(float)
        return frame[self.table.targets]


if __name__ == "__main__":
    main(Chains)
