#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The next-item model of src/habits/sequence*.c written with PyTorch, to time an epoch of it on the same CPU: the same sizes, batches, dropout,
softmax over all items and AdamW. Sequences are padded to the longest of their batch, and only real places are scored. Prints one JSON document."""
import argparse
import json
import math
import random
import time

import torch
from torch import nn
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("file")
parser.add_argument("--steps", type=int, default=0, help="of the epoch to time, and multiply; 0: all")
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--width", type=int, default=64)
parser.add_argument("--length", type=int, default=50)
parser.add_argument("--batch", type=int, default=256)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(0)
WIDTH, HEADS, BLOCKS, DROPOUT, TEMPERATURE = options.width, 2, 2, 0.5, 0.07
with open(options.file, encoding="utf-8") as f:
    sequences = [[int(x) - 1 for x in line.split()[1:]] for line in f if line.strip()]
items = 1 + max(max(s) for s in sequences)


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.distance = nn.Parameter(torch.zeros(HEADS, options.length))

    def forward(self, x):
        n, length, _ = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(n, length, 3, HEADS, WIDTH // HEADS).permute(2, 0, 3, 1, 4)
        place = torch.arange(length)
        far = place[:, None] - place[None, :]
        bias = self.distance[:, far.clamp(min=0)].masked_fill(far < 0, -math.inf)
        mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=bias[None])
        x = x + F.dropout(self.out(mixed.transpose(1, 2).reshape(n, length, WIDTH)), DROPOUT)
        return x + F.dropout(self.down(F.gelu(self.up(self.norm2(x)), approximate="tanh")), DROPOUT)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.items = nn.Parameter(torch.randn(items, WIDTH) * 0.02)
        self.blocks, self.norm = nn.ModuleList(Block() for _ in range(BLOCKS)), nn.LayerNorm(WIDTH)

    def forward(self, seen, targets, real):
        unit = F.normalize(self.items, dim=1)
        x = F.dropout(unit[seen] * math.sqrt(WIDTH), DROPOUT)
        for block in self.blocks:
            x = block(x)
        hidden = F.normalize(self.norm(x[real]), dim=1) / TEMPERATURE
        return F.cross_entropy(hidden @ unit.T, targets[real])


model = Model()
adam = torch.optim.AdamW(model.parameters(), lr=0.001, weight_decay=0.01)
learned = [s[:-2][-options.length - 1:] for s in sequences if len(s) >= 4]
random.Random(0).shuffle(learned)
batches = [learned[i:i + options.batch] for i in range(0, len(learned), options.batch)]
steps = batches[:options.steps or None]


def step(batch):
    longest = max(len(s) for s in batch) - 1
    seen, targets = torch.zeros(len(batch), longest, dtype=torch.long), torch.zeros(len(batch), longest, dtype=torch.long)
    real = torch.zeros(len(batch), longest, dtype=torch.bool)
    for row, s in enumerate(batch):
        seen[row, :len(s) - 1], targets[row, :len(s) - 1], real[row, :len(s) - 1] = torch.tensor(s[:-1]), torch.tensor(s[1:]), True
    adam.zero_grad(set_to_none=True)
    loss = model(seen, targets, real)
    loss.backward()
    adam.step()
    return loss.item()


step(steps[0])
began, used = time.monotonic(), time.process_time()
losses = [step(batch) for batch in steps]
share = len(batches) / len(steps)
print(json.dumps({"torch": torch.__version__, "threads": options.threads, "steps_timed": len(steps), "steps": len(batches), "loss": sum(losses) / len(losses),
                  "seconds_an_epoch": (time.monotonic() - began) * share, "cpu_seconds_an_epoch": (time.process_time() - used) * share}))
