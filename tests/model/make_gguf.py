#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the small GGUF files of the fuzzer's corpus, and the one that tests/model/gguf.c takes apart.

    python3 tests/model/make_gguf.py        (from the repository's root; standard library only)

The format is described in github.com/ggml-org/ggml, docs/gguf.md. Every file is under 4 KB and holds made-up numbers.
"""
import os
import struct

U8, I8, U16, I16, U32, I32, F32, BOOL, STRING, ARRAY, U64, I64, F64 = range(13)
PACK = {U8: "B", I8: "b", U16: "H", I16: "h", U32: "I", I32: "i", F32: "f", BOOL: "B", U64: "Q", I64: "q", F64: "d"}


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def value_of(kind, value):
    return text(value) if kind == STRING else struct.pack("<" + PACK[kind], value)


def key(name, kind, value, element=None):
    out = text(name) + struct.pack("<I", kind)
    if kind == ARRAY:
        out += struct.pack("<IQ", element, len(value)) + b"".join(value_of(element, v) for v in value)
    else:
        out += value_of(kind, value)
    return out


def gguf(keys, tensors, version=3, alignment=32, magic=b"GGUF"):
    """tensors: (name, shape with the contiguous dimension first, type number, data)"""
    out = magic + struct.pack("<IQQ", version, len(tensors), len(keys)) + b"".join(keys)
    data = b""
    for name, shape, kind, content in tensors:
        data += b"\0" * (-len(data) % alignment)
        out += text(name) + struct.pack("<I", len(shape)) + struct.pack("<%dQ" % len(shape), *shape)
        out += struct.pack("<IQ", kind, len(data))
        data += content
    return out + b"\0" * (-len(out) % alignment) + data


def floats(n):
    return struct.pack("<%df" % n, *[i / 4 for i in range(n)])


KEYS = [
    key("general.architecture", STRING, "qwen2"),
    key("general.name", STRING, "tiny"),
    key("a.u8", U8, 200), key("a.i8", I8, -3), key("a.u16", U16, 60000), key("a.i16", I16, 7), key("a.u32", U32, 4000000000),
    key("a.i32", I32, -1), key("a.f32", F32, 0.5), key("a.bool", BOOL, 1), key("a.u64", U64, 1 << 40), key("a.i64", I64, 12),
    key("a.f64", F64, 1e-6),
    key("tokenizer.ggml.tokens", ARRAY, ["a", "", "杭州", "<|im_start|>"], STRING),
    key("tokenizer.ggml.scores", ARRAY, [0.0, 1.0, 2.5], F32),
    key("tokenizer.ggml.token_type", ARRAY, [1, 1, 3], I32),
]
TENSORS = [
    ("token_embd.weight", (4, 3), 0, floats(12)),
    ("blk.0.attn_q.weight", (32, 2), 2, bytes(range(36))),
    ("output_norm.weight", (5,), 0, floats(5)),
]


def part(i, count, tensors, total=3):
    keys = [key("split.no", U16, i), key("split.count", U16, count), key("split.tensors.count", I32, total)]
    return gguf((KEYS if i == 0 else []) + keys, tensors)


PARTS = [part(i, 3, TENSORS[i:i + 1]) for i in range(3)]
NEXT = b"\n--next part--\n"


def main():
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    files = {
        "tests/model/data/tiny.gguf": gguf(KEYS, TENSORS),
        "fuzz/corpus/gguf/tiny_v3.gguf": gguf(KEYS, TENSORS),
        "fuzz/corpus/gguf/tiny_v2.gguf": gguf(KEYS, TENSORS, version=2),
        "fuzz/corpus/gguf/no_tensors.gguf": gguf(KEYS[:2], []),
        "fuzz/corpus/gguf/no_keys.gguf": gguf([], TENSORS[:1]),
        "fuzz/corpus/gguf/aligned_64.gguf": gguf([key("general.alignment", U32, 64)], TENSORS, alignment=64),
        "fuzz/corpus/gguf/aligned_3.gguf": gguf([key("general.alignment", U32, 3)], TENSORS),
        "fuzz/corpus/gguf/version_1.gguf": gguf(KEYS, TENSORS, version=1),
        "fuzz/corpus/gguf/unknown_type.gguf": gguf([], [("w", (32,), 99, b"\0" * 32)]),
        "fuzz/corpus/gguf/keys_2_40.gguf": b"GGUF" + struct.pack("<IQQ", 3, 1, 1 << 40),
        "fuzz/corpus/gguf/tensors_2_40.gguf": b"GGUF" + struct.pack("<IQQ", 3, 1 << 40, 0) + b"\0" * 64,
        "fuzz/corpus/gguf/huge_shape.gguf": gguf([], [("w", (1 << 40, 1 << 40), 0, b"\0" * 64)]),
        "fuzz/corpus/gguf/key_twice.gguf": gguf([key("k", U8, 1)] * 2, []),
        "fuzz/corpus/gguf/tensor_twice.gguf": gguf([], TENSORS[:1] * 2),
        "fuzz/corpus/gguf/not.gguf": b"this is no model\n",
        "fuzz/corpus/gguf/cut.gguf": gguf(KEYS, TENSORS)[:-1],
        "fuzz/corpus/gguf/parts.gguf": NEXT.join(PARTS),
        "fuzz/corpus/gguf/parts_missing.gguf": NEXT.join(PARTS[:2]),
        "fuzz/corpus/gguf/parts_twice.gguf": NEXT.join([PARTS[0], PARTS[1], part(2, 3, TENSORS[:1])]),
        "fuzz/corpus/gguf/parts_miscounted.gguf": NEXT.join([part(i, 2, TENSORS[i:i + 1], 9) for i in range(2)]),
        "fuzz/corpus/gguf/parts_65535.gguf": gguf([key("split.no", U16, 0), key("split.count", U16, 65535)], []),
    }
    for i, data in enumerate(PARTS):
        files[f"tests/model/data/parts-0000{i + 1}-of-00003.gguf"] = data
    for path, data in files.items():
        assert len(data) < 4096, path
        path = os.path.join(root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(data)
        print(path, len(data))


main()
