"""batch.py PREPARED RESULTS: fits drivers to prepared sets side by side, within BATCH_SECONDS, and keeps what each drew.

For one short loan of a machine with a GPU and many cores. One process for each of TabFormer and NetShare and set, which shares
the time among SEEDS; one for each set and seed of CTGAN and, where GENT names a checkout, of Gen-T's own code, which gets
GENT_TRACES traces, evenly spread. What is not done in time is given up; what is, lies in RESULTS as METHOD-SET-SEED.npz (rows,
with `notes`) or .parquet and .json (CTGAN's pool), packed into METHOD.tar at the end. replay.py gives traces of them.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time

SECONDS = float(os.environ.get("BATCH_SECONDS", "500"))
SEEDS = int(os.environ.get("SEEDS", "3"))
METHODS = os.environ.get("METHODS", "tabformer,netshare,ctgan,gent").split(",")
GENT_TRACES = int(os.environ.get("GENT_TRACES", "500"))
# How much of a share of time goes into fitting; the rest is for drawing.
FITTING = {"tabformer": 0.66, "netshare": 0.9}
LARGEST = 15 << 20
HERE = os.path.dirname(os.path.abspath(__file__))


def fit_networks(method, name, prepared, results, deadline):
    import importlib

    from rows import Rows

    rows = Rows.load(os.path.join(prepared, f"{name}.npz"))
    module = importlib.import_module(method)
    for seed in range(1, SEEDS + 1):
        share = (deadline - time.time()) / (SEEDS + 1 - seed)
        drawn = module.fit(rows, seed, FITTING[method] * share)
        drawn.save(os.path.join(results, f"{method}-{name}-{seed}.npz"))
        print(json.dumps({"method": method, "set": name, "seed": seed, **drawn.notes}), flush=True)


def fit_ctgan(name, seed, prepared, results):
    import pandas as pd
    from ctgan_chains import pool_of

    frame = pd.read_parquet(os.path.join(prepared, f"{name}.parquet"))
    for column in frame.select_dtypes("category"):
        frame[column] = frame[column].astype(object)
    pool, notes = pool_of(frame, seed)
    for column in pool.select_dtypes("number"):
        pool[column] = pool[column].round(3 if column in ("gap", "duration") else 0).astype("float32")
    for column in pool.select_dtypes(exclude="number"):
        pool[column] = pool[column].astype("category")
    base = os.path.join(results, f"ctgan-{name}-{seed}")
    pool.to_parquet(base + ".parquet", compression="zstd", compression_level=9)
    with open(base + ".json", "w", encoding="utf-8") as out:
        json.dump(notes, out)
    print(json.dumps({"method": "ctgan", "set": name, "seed": seed, **notes}), flush=True)


def fit_gent(name, seed, prepared, results):
    from otlp import evenly, read, write
    from rows import Rows, decode, encode

    work = os.path.abspath(os.path.join(results, f"work-{name}-{seed}"))
    # Gen-T keeps its work beside its code, so each run has its own copy.
    shutil.copytree(os.environ["GENT"], os.path.join(work, "gent"))
    traces = evenly(list(decode(Rows.load(os.path.join(prepared, f"{name}.npz")), 1)), GENT_TRACES)
    write(os.path.join(work, "in.ndjson"), [sorted_by_start(trace) for trace in traces])
    began = time.time()
    ran = subprocess.run(
        [sys.executable, os.path.join(HERE, "gent_original.py"), "in.ndjson", "out.ndjson", str(seed)],
        cwd=work,
        env={**os.environ, "GENT": os.path.join(work, "gent"), "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        sys.exit(ran.stdout[-1500:] + ran.stderr[-3000:])
    drawn = encode(read(os.path.join(work, "out.ndjson")))
    told = [line for line in ran.stderr.splitlines() if line.startswith("model:")]
    drawn.notes = {"seconds": round(time.time() - began, 1), "bytes": int(told[0].split()[1]), "traces": len(traces)}
    drawn.save(os.path.join(results, f"gent-{name}-{seed}.npz"))
    print(json.dumps({"method": "gent", "set": name, "seed": seed, **drawn.notes}), flush=True)


def sorted_by_start(trace):
    order = sorted(range(len(trace)), key=lambda i: trace[i]["start"])
    place = {at: i for i, at in enumerate(order)} | {-1: -1}
    return [{**trace[i], "parent": place[trace[i]["parent"]]} for i in order]


def pack(results):
    """METHOD.tar, METHOD-2.tar, ... of at most LARGEST bytes each."""
    for method in METHODS:
        files = sorted(f for f in os.listdir(results) if f.startswith(method + "-") and not f.endswith(".tar"))
        part, size, out = 1, 0, None
        for file in files:
            path = os.path.join(results, file)
            if out is None or size + os.path.getsize(path) > LARGEST:
                if out:
                    out.close()
                out, size = tarfile.open(os.path.join(results, f"{method}-{part}.tar"), "w"), 0
                part += 1
            out.add(path, arcname=file)
            size += os.path.getsize(path)
            os.remove(path)
        if out:
            out.close()


def run():
    prepared, results = map(os.path.abspath, sys.argv[1:3])
    os.makedirs(results, exist_ok=True)
    deadline = time.time() + SECONDS
    # The largest first.
    sets = sorted((f[:-4] for f in os.listdir(prepared) if f.endswith(".npz")), key=lambda name: -os.path.getsize(f"{prepared}/{name}.npz"))
    jobs = [[method, name, "0"] for method in ("tabformer", "netshare") for name in sets]
    jobs += [[method, name, str(seed)] for seed in range(1, SEEDS + 1) for name in sets for method in ("gent", "ctgan")]
    jobs = [job for job in jobs if job[0] in METHODS]
    logs = os.path.join(results, "log.txt")
    running = {}
    with open(logs, "a", encoding="utf-8") as log:
        for job in jobs:
            # Those that feed the GPU come first when cores are short.
            nice = 0 if job[0] in FITTING else 10
            environment = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}
            if job[0] == "ctgan":
                environment["CUDA_VISIBLE_DEVICES"] = ""
            running["-".join(job)] = subprocess.Popen(
                [sys.executable, os.path.abspath(__file__), "--one", *job, prepared, results, str(deadline)],
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                preexec_fn=lambda nice=nice: os.nice(nice),
            )
        while running and time.time() < deadline:
            time.sleep(1)
            for key in [key for key, job in running.items() if job.poll() is not None]:
                print(f"{key}: {running[key].returncode}, {deadline - time.time():.0f} s left", flush=True)
                del running[key]
        for key, job in running.items():
            print(f"{key}: given up", flush=True)
            os.killpg(job.pid, signal.SIGKILL)
    for folder in os.listdir(results):
        if folder.startswith("work-"):
            shutil.rmtree(os.path.join(results, folder), ignore_errors=True)
    pack(results)


def one():
    method, name, seed, prepared, results, deadline = sys.argv[2:8]
    if method in FITTING:
        fit_networks(method, name, prepared, results, float(deadline) - 8)
    elif method == "ctgan":
        fit_ctgan(name, int(seed), prepared, results)
    else:
        fit_gent(name, int(seed), prepared, results)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] == "--one":
        one()
    elif len(sys.argv) == 3:
        run()
    else:
        sys.exit(f"usage: {sys.argv[0]} PREPARED RESULTS")
