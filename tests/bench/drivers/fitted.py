"""What the drivers that fit a network share: the command line, and the bytes of a network. Needs torch."""

import gzip
import io
import json
import os
import sys

import torch

from otlp import read, write
from rows import decode, encode

SECONDS = float(os.environ.get("FIT_SECONDS", "300"))


def network_bytes(network):
    """Bytes of the weights alone, as 32-bit and as 16-bit numbers, gzip -9 of their little-endian bytes."""

    def packed(kind):
        held = io.BytesIO()
        for weight in dict(network.named_parameters()).values():
            held.write(weight.detach().to("cpu", kind).numpy().tobytes())
        return len(gzip.compress(held.getvalue(), 9))

    return {"bytes_fp32": packed(torch.float32), "bytes_fp16": packed(torch.float16)}


def main(fit):
    """`script.py IN OUT SEED`: reads traces, `fit(rows, seed, seconds)` gives rows drawn from a model, writes them."""
    if len(sys.argv) != 4:
        sys.exit(f"usage: {sys.argv[0]} IN OUT SEED")
    source, target, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    drawn = fit(encode(read(source)), seed, SECONDS)
    print(json.dumps(drawn.notes), file=sys.stderr)
    print(f"{write(target, decode(drawn, seed))} traces", file=sys.stderr)
