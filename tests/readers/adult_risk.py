"""Compares `pseudo assess` with pycanon on the Adult data of UCI: k, distinct l, entropy l, t.

    adult_risk.py PSEUDO SINK adult.csv

SINK holds the run of adult.toml over that file. pycanon cuts entropy l to a whole number.
"""

import json
import math
import subprocess
import sys

import pandas
from pycanon import anonymity

SETS = [
    ["sex"],
    ["race", "sex"],
    ["education", "sex"],
    ["marital-status", "sex"],
    ["race", "sex", "marital-status"],
    ["age"],
    ["age", "race", "sex"],
    ["age", "race", "sex", "native-country"],
]
SENSITIVE = ["income-per-year", "occupation", "hours-per-week"]


def assessed(pseudo, sink):
    command = [pseudo, "assess", sink, "--json"]
    for columns in SETS:
        command += ["--quasi-identifiers", ",".join(f"adult.{column}" for column in columns)]
    for column in SENSITIVE:
        command += ["--sensitive", f"adult.{column}"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    [table] = answer["tables"]
    return {tuple(one["quasi_identifiers"]): one for one in table["sets"] if one["origin"] == "given"}


def main(pseudo, sink, source):
    ours = assessed(pseudo, sink)
    rows = pandas.read_csv(source, keep_default_na=False)
    compared, faults = 0, []

    def same(columns, what, own, other):
        nonlocal compared
        compared += 1
        if not math.isclose(own, other, rel_tol=1e-9, abs_tol=1e-12):
            faults.append(f"{columns} {what}: {own}, and pycanon {other}")

    for columns in SETS:
        own = ours[tuple(columns)]
        same(columns, "k", own["k"], anonymity.k_anonymity(rows, columns))
        told = {one["column"]: one for one in own["sensitive"]}
        for column in SENSITIVE:
            one, of = told[column], [column]
            same(columns, f"l of {column}", one["l_distinct"], anonymity.l_diversity(rows, columns, of))
            entropy = anonymity.entropy_l_diversity(rows, columns, of)
            same(columns, f"entropy l of {column}", int(one["l_entropy"] + 1e-9), entropy)
            same(columns, f"t of {column}", one["t"], anonymity.t_closeness(rows, columns, of))
    sizes = rows.groupby(SETS[-1]).size()
    own = ours[tuple(SETS[-1])]
    same(SETS[-1], "classes", own["classes"], len(sizes))
    same(SETS[-1], "alone", own["unique"], int((sizes == 1).sum()))
    same(SETS[-1], "marketer", own["risks"]["marketer"], len(sizes) / len(rows))
    if faults:
        sys.exit("\n".join(faults))
    print(f"{compared} figures over {len(rows):,} rows are those of pycanon")


main(*sys.argv[1:])
