#!/usr/bin/env python3
"""Opens the seals of a run with Tink, and makes the same ones.

tink_opens.py COLUMN=KEYSET[:ENCODING] ... PARQUET ...

KEYSET is what `pseudo keys export --role tink` writes, ENCODING `binary`, `base64url` or `base32`.
Every seal has to open to a padded text, the same text has to be sealed to the same bytes, and a
seal with a changed byte must not open.
"""
import base64
import sys

import pyarrow.parquet
import tink
from tink import daead, secret_key_access

DECODE = {
    "binary": bytes,
    "base64url": lambda text: base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)),
    "base32": lambda text: base64.b32decode(text.upper() + "=" * (-len(text) % 8)),
}


def primitive(path):
    with open(path, encoding="utf-8") as file:
        keyset = file.read()
    handle = tink.json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
    return handle.primitive(daead.DeterministicAead)


def main(columns, files):
    daead.register()
    for column in columns:
        name, _, rest = column.partition("=")
        keyset, _, encoding = rest.partition(":")
        key = primitive(keyset)
        values = pyarrow.concat_tables(pyarrow.parquet.read_table(file, columns=[name]) for file in files)
        seals = {DECODE[encoding or "base64url"](value) for value in values[name].to_pylist() if value}
        assert seals, f"{name}: no seals"
        for seal in seals:
            padded = key.decrypt_deterministically(seal, b"")
            text = padded.rstrip(b"\0")
            assert len(padded) % 16 == 0 and text.endswith(b"\x80"), f"{name}: a pad that is none"
            text[:-1].decode("utf-8")
            assert key.encrypt_deterministically(padded, b"") == seal, f"{name}: another seal"
        changed = bytes([*seal[:-1], seal[-1] ^ 1])
        for wrong, data in ((changed, b""), (seal, b"data")):
            try:
                key.decrypt_deterministically(wrong, data)
            except tink.TinkError:
                continue
            raise AssertionError(f"{name}: what is no seal opens")
        print(f"{name}: Tink opens and makes {len(seals)} seals")


if __name__ == "__main__":
    given = sys.argv[1:]
    main([arg for arg in given if "=" in arg], [arg for arg in given if "=" not in arg])
