#!/usr/bin/env python3
"""Reads the current run of a sink with engines that are not ours: DuckDB, Polars, pyarrow, Spark.

read_back.py SINK [ENGINE ...]

Of every table each engine tells the rows and, of every column, the values that are not NULL, how
many of them are distinct, the smallest and the greatest. All engines have to agree with the
manifest on rows and NULLs, and with each other on everything.
"""
import glob
import json
import os
import sys


def as_text(value):
    """Bytes as hex, numbers and dates as one spelling for all engines."""
    if value is None:
        return None
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if hasattr(value, "hex") and hasattr(value, "int"):  # UUID
        return value.hex
    if hasattr(value, "isoformat"):
        return value.isoformat().removesuffix("+00:00").removesuffix("T00:00:00").replace("T", " ")
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return str(value)


def summary(values):
    present = {as_text(v) for v in values}
    present.discard(None)
    return len(present), min(present, default=None), max(present, default=None)


def by_duckdb(files):
    import duckdb

    relation = duckdb.sql(f"SELECT * FROM read_parquet({files!r})")
    names = relation.columns
    rows = relation.fetchall()
    return len(rows), {name: [row[i] for row in rows] for i, name in enumerate(names)}


def by_polars(files):
    import polars

    frame = polars.concat([polars.read_parquet(file) for file in files])
    return frame.height, {name: frame[name].to_list() for name in frame.columns}


def by_pyarrow(files):
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.concat_tables([pyarrow.parquet.read_table(file) for file in files])
    return table.num_rows, {name: table[name].to_pylist() for name in table.column_names}


def by_spark(files):
    global SPARK
    if SPARK is None:
        from pyspark.sql import SparkSession

        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        builder = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
        builder = builder.config("spark.sql.session.timeZone", "UTC")
        SPARK = builder.config("spark.driver.memory", "2g").getOrCreate()
        SPARK.sparkContext.setLogLevel("ERROR")
    frame = SPARK.read.parquet(*files)
    rows = frame.collect()
    return len(rows), {name: [row[name] for row in rows] for name in frame.columns}


SPARK = None
ENGINES = {"duckdb": by_duckdb, "polars": by_polars, "pyarrow": by_pyarrow, "spark": by_spark}


def main():
    sink, engines = sys.argv[1], sys.argv[2:] or list(ENGINES)
    os.environ["TZ"] = "UTC"
    with open(f"{sink}/current/manifest.json", encoding="utf-8") as file:
        manifest = json.load(file)
    faults = []
    for table in manifest["tables"]:
        files = sorted(glob.glob(f"{sink}/current/{table['table']}/*.parquet"))
        told = {}
        # Spark has no type for the Parquet type UUID and refuses the file
        uuids = any("uuid" in column["action"] for column in table["columns"])
        for engine in engines:
            if engine == "spark" and uuids:
                print(f"{table['table']}: not read by Spark, which has no UUID")
                continue
            rows, columns = ENGINES[engine](files)
            if rows != table["published_rows"]:
                faults.append(f"{engine}: {table['table']}: {rows} rows")
            for column in table["columns"]:
                name = column["column"]
                values = columns[name]
                filled = sum(value is not None for value in values)
                # `keep` counts as transformed too; what is neither is NULL
                if filled != column["transformed"]:
                    faults.append(f"{engine}: {table['table']}.{name}: {filled} values")
                told.setdefault(name, {})[engine] = (filled, *summary(values))
        for name, by_engine in told.items():
            if len(set(by_engine.values())) > 1:
                what = {engine: found[:2] for engine, found in by_engine.items()}
                faults.append(f"{table['table']}.{name}: engines differ: {what}")
        print(f"{table['table']}: {table['published_rows']} rows, {len(told)} columns, {len(files)} files")
    for fault in faults:
        print(fault, file=sys.stderr)
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
