"""Gen-T's published Python code as a driver: GENT=/path/to/GenT gent_original.py IN OUT SEED. Nothing of that code is here.

Gen-T cuts gaps at 5,000 of its units and sets longer durations to 0, so the unit is chosen such that 99% of the durations are
below that. Traces of one span are left out by Gen-T. Of attributes it knows a few tags by fixed names: the two text
attributes and the number that most spans have travel under these. ITERATIONS is in the environment (5, as in its paper). Needs
torch, torch_geometric, rdt, boto3, seaborn, matplotlib, zss. Its processes are not seeded: SEED makes another run, not the same.
"""

import glob
import json
import os
import random
import sys

import numpy as np

from otlp import ROOT, read, write
from rows import most_frequent_attributes

LONGEST = 5000
LEAST_UNIT = 1000
TEXT_TAGS = ["component", "http.method"]
NUMBER_TAGS = ["http.status_code"]
MISSING = "Unknown"


def name_of(operation):
    return "|".join(map(str, operation)).replace("#", "_").replace("*", "_").replace("&", "_")


def to_gent(traces, folder, unit, keys):
    """Writes what Gen-T reads; gives the operations behind its names, and how many traces have an edge."""
    os.makedirs(folder, exist_ok=True)
    texts, numbers = keys
    operations, kept = {}, 0
    with open(os.path.join(folder, "all.json"), "w", encoding="utf-8") as out:
        for number, trace in enumerate(traces):
            seen, names, nodes, edges = {}, [], {}, []
            for span in trace:
                base = name_of(span["operation"])
                operations[base] = span["operation"]
                seen[base] = seen.get(base, -1) + 1
                names.append(f"{base}*{seen[base]}")
            for name, span in zip(names, trace):
                held = span["attributes"]
                tags = {tag: str(held.get(key, "")) for tag, key in zip(TEXT_TAGS, texts)}
                tags.update({tag: int(held.get(key, 0)) for tag, key in zip(NUMBER_TAGS, numbers)})
                nodes[name] = {
                    "id": name,
                    "gent_name": name,
                    "resource": {"name": name, "serviceType": "jaeger"},
                    "type": "jaeger",
                    "startTime": span["start"] // unit,
                    "duration": (span["end"] - span["start"]) // unit,
                    "issues": [{"name": "Error"}] if span["error"] else [],
                    "environmentVariables": {"body": {"http.method": "", **tags}},
                }
                if span["parent"] != ROOT:
                    edges.append({"source": names[span["parent"]], "target": name})
            if edges:
                kept += 1
                details = {"startTime": trace[0]["start"] // unit, "transactionId": f"{number + 1:x}"}
                out.write(json.dumps({"nodesData": nodes, "graph": {"edges": edges}, "details": details}) + ",\n")
    return operations, kept


def from_gent(folder, operations, unit, keys):
    """The traces that Gen-T generated, as `otlp.write` takes them."""
    known = [*zip(TEXT_TAGS, keys[0]), *zip(NUMBER_TAGS, keys[1])]
    for file in sorted(filter(os.path.isfile, glob.glob(folder + "/**/*", recursive=True))):
        for line in open(file, encoding="utf-8"):
            if not line.strip():
                continue
            tx = json.loads(line.strip().rstrip(","))
            up = {edge["target"]: edge["source"] for edge in tx["graph"]["edges"]}
            place = {name: i for i, name in enumerate(tx["nodesData"])}
            trace = []
            for name, node in tx["nodesData"].items():
                held = node["environmentVariables"]["body"]
                # What it returns is named after the request, and missing values have its own word.
                values = {key: held.get("request." + tag, held.get(tag)) for tag, key in known}
                start = int(node["startTime"] * unit)
                trace.append(
                    {
                        "operation": operations.get(name.rsplit("*", 1)[0], (name, name, 0)),
                        "parent": place.get(up.get(name), ROOT),
                        "start": start,
                        "end": start + int(node["duration"] * unit),
                        "error": bool(node["issues"]),
                        "attributes": {key: value for key, value in values.items() if value not in (None, "", 0, MISSING)},
                    }
                )
            yield trace


def run():
    if len(sys.argv) != 4 or "GENT" not in os.environ:
        sys.exit(f"usage: GENT=/path/to/GenT {sys.argv[0]} IN OUT SEED")
    source, target, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    home = os.environ["GENT"]
    sys.path[:0] = [os.path.join(home, "src"), os.path.join(home, "libs", "CTGAN")]
    import torch

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    # Its models are pickles of whole objects, which torch no longer loads unless it is told to.
    load = torch.load
    torch.load = lambda *given, **named: load(*given, **{**named, "weights_only": False})
    traces = read(source)
    longest = np.quantile([span["end"] - span["start"] for trace in traces for span in trace], 0.99)
    unit = max(LEAST_UNIT, int(np.ceil(longest / LONGEST)))
    keys = most_frequent_attributes(traces)
    operations, kept = to_gent(traces, target + ".traces", unit, keys)
    print(f"{kept} of {len(traces)} traces have an edge; a unit is {unit} ns", file=sys.stderr)
    import drivers.gent.data as data
    from drivers.gent.gent_driver import GenTDriver
    from ml.app_utils import GenTConfig

    data.ALL_TRACES = kept
    iterations = int(os.environ.get("ITERATIONS", "5"))
    driver = GenTDriver(
        GenTConfig(chain_length=2, iterations=iterations, tx_start=0, tx_end=kept, traces_dir=target + ".traces")
    )
    driver.train()
    driver.generate()
    print(f"model: {os.path.getsize(driver.get_model_gzip_file())} bytes gzipped", file=sys.stderr)
    written = write(target, from_gent(driver.get_generated_data_folder(), operations, unit, keys))
    print(f"{written} traces generated", file=sys.stderr)


if __name__ == "__main__":
    run()
