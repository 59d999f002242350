#!/usr/bin/env python3
"""pseudo beside other engines: the same table, tokenised by us, copied and hashed by them.

benches/peers.py PSEUDO [--scale 1] [--rounds 5]

Needs `pip install polars polars-hash datafusion duckdb`. Makes the users table with `pseudo sample`,
then runs every job once a round, interleaved, each as a process of its own writing one table of
zstd(1) Parquet, and prints medians: wall seconds, CPU seconds, peak memory. A copy transforms
nothing; `hmac` is HMAC-SHA256 of five columns without canonicalisation, without a keyring and
without a proof of what was written.
"""
import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

COLUMNS = ["user_id", "name", "phone", "email", "id_number"]
KEY = "0123456789abcdef0123456789abcdef"

PIPELINE = """
version = 1
name = "peers"
domain = "peers"
[keys]
keyring = "keys/peers.keyring"
identity = "keys/peers.key"
create = true
[source]
root = "raw"
[sink]
root = "safe-{order}"
retain_runs = 1
[identities.account]
kind = "integer"
[identities.name]
kind = "name"
[identities.phone]
kind = "cn-phone"
[identities.email]
kind = "email"
[identities.person]
kind = "cn-resident-id"
[tables.users]
source = "users/*.parquet"
order = "{order}"
[tables.users.columns]
user_id = {{ token = "account" }}
name = {{ token = "name" }}
phone = {{ token = "phone" }}
email = {{ token = "email" }}
id_number = {{ token = "person" }}
gender = "keep"
birth_date = "keep"
city = "keep"
registered_at = "keep"
"""

POLARS = """
import polars as pl
frame = pl.scan_parquet({source!r})
if {hmac}:
    import polars_hash
    text = lambda c: pl.col(c).cast(pl.String)
    frame = frame.with_columns([text(c).chash.hmac_sha256(key={key!r}).alias(c) for c in {columns}])
frame.sink_parquet({out!r}, compression="zstd", compression_level=1)
"""
DUCKDB = """
import duckdb
db = duckdb.connect()
db.execute("SET threads = {threads}; SET preserve_insertion_order = true")
db.execute("COPY (SELECT * FROM read_parquet({source!r})) TO {out!r} (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)")
"""
DATAFUSION = """
import datafusion
config = datafusion.SessionConfig().with_target_partitions({threads})
context = datafusion.SessionContext(config.set("datafusion.execution.parquet.compression", "zstd(1)"))
context.register_parquet("t", {directory!r})
key = bytes({key!r}, "ascii").ljust(64, bytes(1))
inner, outer = (bytes(k ^ pad for k in key).hex() for pad in (0x36, 0x5c))
names = context.table("t").schema().names
hashed = lambda c: f"encode(sha256(X'{{outer}}' || sha256(X'{{inner}}' || arrow_cast(arrow_cast({{c}}, 'Utf8'), 'Binary'))), 'hex') AS {{c}}"
select = ", ".join(hashed(c) if {hmac} and c in {columns} else c for c in names)
context.sql(f"COPY (SELECT {{select}} FROM t) TO {out!r} STORED AS PARQUET").collect()
"""


def jobs(pseudo, work, threads):
    out = f"{work}/copy.parquet"
    known = {
        "source": f"{work}/raw/users/*.parquet",
        "directory": f"{work}/raw/users/",
        "out": out,
        "threads": threads,
        "columns": COLUMNS,
        "key": KEY,
    }
    script = lambda text, hmac: [sys.executable, "-c", text.format(hmac=hmac, **known)]
    for order in ("source", "shuffled"):
        yield f"pseudo run, order {order}", [pseudo, "run", f"{work}/{order}.toml", "--full"]
    yield "Polars copy", script(POLARS, False)
    yield "DataFusion copy", script(DATAFUSION, False)
    yield "DuckDB copy", script(DUCKDB, False)
    yield "Polars hmac (polars-hash)", script(POLARS, True)
    yield "DataFusion hmac (SQL)", script(DATAFUSION, True)


def timed(command, out):
    shutil.rmtree(out, ignore_errors=True)
    if os.path.exists(out):
        os.remove(out)
    os.sync()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    told = process.stderr.read()
    _, status, used = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{command[:2]} failed:\n{told.decode(errors='replace')[-2000:]}")
    wall = time.perf_counter() - start
    return wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("pseudo")
    arguments.add_argument("--scale", default="1")
    arguments.add_argument("--rounds", type=int, default=5)
    chosen = arguments.parse_args()
    pseudo = os.path.abspath(chosen.pseudo)
    threads = len(os.sched_getaffinity(0))
    os.environ["POLARS_MAX_THREADS"] = str(threads)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with tempfile.TemporaryDirectory() as work:
        sample = [pseudo, "sample", "incident", "--scale", chosen.scale, "--format", "parquet"]
        subprocess.run([*sample, f"{work}/raw"], check=True, capture_output=True)
        for order in ("source", "shuffled"):
            with open(f"{work}/{order}.toml", "w", encoding="utf-8") as file:
                file.write(PIPELINE.format(order=order))
        found = {}
        for _ in range(chosen.rounds):
            for name, command in jobs(pseudo, work, threads):
                found.setdefault(name, []).append(timed(command, f"{work}/copy.parquet"))
    best = min(statistics.median(r[0] for r in v) for k, v in found.items() if "copy" in k)
    print(f"{'job':28} {'wall s':>7} {'CPU s':>7} {'MiB':>6}  wall / fastest copy")
    for name, rounds in found.items():
        wall, cpu, peak = (statistics.median(column) for column in zip(*rounds))
        print(f"{name:28} {wall:7.2f} {cpu:7.2f} {peak:6.0f}  {wall / best:.2f}")


if __name__ == "__main__":
    main()
