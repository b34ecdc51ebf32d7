#!/usr/bin/env python3
"""Writes the JSONL files of this folder from the sources that README.md names.

Usage: make_digits.py SOURCE_DIR, where SOURCE_DIR holds digits.csv and the *.expected.safetensors.
Needs numpy. The output is byte-stable.
"""

import csv
import json
import pathlib
import struct
import sys

import numpy as np

DTYPES = {"F64": "<f8", "F32": "<f4", "I32": "<i4"}


def tensors(path):
    """All tensors of a safetensors file by name."""
    data = path.read_bytes()
    (header_bytes,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + header_bytes])
    header.pop("__metadata__", None)
    base = 8 + header_bytes
    return {
        name: np.frombuffer(
            data[base + info["data_offsets"][0] : base + info["data_offsets"][1]],
            DTYPES[info["dtype"]],
        ).reshape(info["shape"])
        for name, info in header.items()
    }


def write(name, rows):
    path = pathlib.Path(__file__).parent / name
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for row in rows:
            out.write(json.dumps(row, separators=(",", ":")) + "\n")


def main():
    source = pathlib.Path(sys.argv[1])
    with (source / "digits.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    train = [row for row in rows if row["split"] == "train"]
    test = [row for row in rows if row["split"] == "test"]
    pixels = np.array([[int(row[f"p{i}"]) for i in range(64)] for row in test])
    ink = pixels.sum(axis=1)
    low, high = np.sort(ink)[[len(ink) // 3, 2 * len(ink) // 3]]
    keys = [f"digit-{int(row['row']):04d}" for row in test]

    embed = tensors(source / "embed_gelu.expected.safetensors")
    corpus = embed["corpus_embedding"].astype(np.float64)
    labels = np.array([row["label"] for row in train])
    centroids = {label: corpus[labels == label].mean(axis=0) for label in sorted(set(labels))}

    write(
        "examples.jsonl",
        (
            {
                "key": key,
                "label": row["label"],
                "features": [int(value) for value in image],
                "reference_embedding": [float(np.float32(x)) for x in centroids[row["label"]]],
                "cohort.digit": row["label"],
                "cohort.ink": "light" if total < low else "heavy" if total >= high else "medium",
            }
            for key, row, image, total in zip(keys, test, pixels, ink)
        ),
    )
    mlp = tensors(source / "mlp_relu.expected.safetensors")
    for name, tensor in (("mlp_relu", "logits"), ("mlp_silu", "logits.swap.silu")):
        write(
            f"{name}.jsonl",
            (
                {"key": key, "label": str(int(np.argmax(logits))), "logits": logits.tolist()}
                for key, logits in zip(keys, mlp[tensor])
            ),
        )
    for name, tensor in (("embed_gelu", "embedding"), ("embed_silu", "embedding.swap.silu")):
        write(
            f"{name}.jsonl",
            (
                {"key": key, "embedding": vector.tolist()}
                for key, vector in zip(keys, embed[tensor].astype(np.float64))
            ),
        )


if __name__ == "__main__":
    main()
