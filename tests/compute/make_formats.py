#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes tests/compute/data/formats/: for each block format random blocks and what the Python package `gguf`
(gguf.quants, tried with 0.19) unpacks them to. FORMAT.blocks holds the blocks, FORMAT.f32 the numbers, little endian.
    python3 tests/compute/make_formats.py"""
import pathlib
import numpy
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType as Type
from gguf.quants import dequantize

HALVES = {"Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q8_0": [0], "Q2_K": [80, 82], "Q3_K": [108],
          "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "TQ1_0": [52], "TQ2_0": [64], "IQ1_S": [0], "IQ1_M": [],
          "IQ2_XXS": [0], "IQ2_XS": [0], "IQ2_S": [0], "IQ3_XXS": [0], "IQ3_S": [0], "IQ4_NL": [0], "IQ4_XS": [0],
          "MXFP4": []}

folder = pathlib.Path(__file__).parent / "data" / "formats"
folder.mkdir(parents=True, exist_ok=True)
rng = numpy.random.default_rng(20261123)
for name, halves in HALVES.items():
    weights, size = GGML_QUANT_SIZES[Type[name]]
    blocks = rng.integers(0, 256, (2 if weights == 256 else 6, size), dtype=numpy.uint8)
    for at in halves:
        scales = rng.normal(0, 0.1, len(blocks)).astype(numpy.float16)
        scales[-1] = numpy.float16(3e-7)  # a denormal
        blocks[:, at:at + 2] = scales.view(numpy.uint8).reshape(-1, 2)
    if name == "MXFP4":
        blocks[:, 0] = [118, 124, 127, 1, 0, 130]  # powers of two, the two smallest among them
    if name == "IQ1_M":  # the f16 scale is spread over the top nibbles of four 16-bit words
        scales = blocks[:, 48:].copy().view("<u2") & 0x0FFF
        for row, d in zip(scales, numpy.array([0.0625, 3e-7], numpy.float16).view(numpy.uint16)):
            row |= numpy.array([(int(d) >> 4 * i & 15) << 12 for i in range(4)], numpy.uint16)
        blocks[:, 48:] = scales.view(numpy.uint8)
    (folder / f"{name.lower()}.blocks").write_bytes(blocks.tobytes())
    (folder / f"{name.lower()}.f32").write_bytes(dequantize(blocks, Type[name]).astype("<f4").tobytes())
# Plain numbers: every f16 bit pattern of a step of 7 but infinities and NaNs, and the upper halves of some floats.
half = numpy.arange(0, 65536, 7, dtype=numpy.uint16)
half = half[(half >> 10 & 31) != 31][::16]
(folder / "f16.blocks").write_bytes(half.tobytes())
(folder / "f16.f32").write_bytes(half.view(numpy.float16).astype("<f4").tobytes())
brain = rng.integers(0, 65536, 256, dtype=numpy.uint16)
brain = brain[(brain >> 7 & 255) != 255]
(folder / "bf16.blocks").write_bytes(brain.tobytes())
(folder / "bf16.f32").write_bytes((brain.astype("<u4") << 16).tobytes())
