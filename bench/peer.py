# SPDX-License-Identifier: Apache-2.0
"""llama.cpp by its own C interface (the low-level part of llama-cpp-python), one job a process: reads a JSON job from
standard input, writes a JSON answer. Low-level, because the package's Python layer would cost the peer time."""
import ctypes
import json
import sys
import time

import numpy as np
from llama_cpp import llama_cpp as L

SILENT = L.llama_log_callback(lambda level, text, user: None)


class Model:
    def __init__(self, path, threads, context, batch=512, flash=-1):
        L.llama_log_set(SILENT, ctypes.c_void_p(0))
        L.llama_backend_init()
        self.model = L.llama_model_load_from_file(path.encode(), L.llama_model_default_params())
        if not self.model:
            sys.exit(f"peer: cannot load {path}")
        p = L.llama_context_default_params()
        p.flash_attn_type = flash  # -1: its own choice; 0: off, as the package's class has it (flash sums values in f16)
        p.n_ctx, p.n_batch, p.n_ubatch, p.n_threads, p.n_threads_batch = context, batch, batch, threads, threads
        self.context = L.llama_init_from_model(self.model, p)
        self.vocab = L.llama_model_get_vocab(self.model)
        self.size = L.llama_vocab_n_tokens(self.vocab)
        self.batch = L.llama_batch_init(batch, 0, 1)
        self.position = 0

    def clear(self):
        L.llama_memory_clear(L.llama_get_memory(self.context), True)
        self.position = 0

    def rewind(self, position):
        L.llama_memory_seq_rm(L.llama_get_memory(self.context), 0, position, -1)
        self.position = position

    def run(self, ids, logits_from=None):
        """One batch of at most 512 tokens; logits of the last one, or of all from `logits_from` on."""
        b = self.batch
        b.n_tokens = len(ids)
        for i, token in enumerate(ids):
            b.token[i] = token
            b.pos[i] = self.position + i
            b.n_seq_id[i] = 1
            b.seq_id[i][0] = 0
            b.logits[i] = i == len(ids) - 1 if logits_from is None else i >= logits_from
        if L.llama_decode(self.context, b):
            sys.exit("peer: llama_decode failed")
        self.position += len(ids)

    def logits(self, i=-1):
        return np.ctypeslib.as_array(L.llama_get_logits_ith(self.context, i), shape=(self.size,))

    def tokenize(self, text, special, add_bos=False):
        data = text.encode()
        out = (L.llama_token * (len(data) + 16))()
        n = L.llama_tokenize(self.vocab, data, len(data), out, len(out), add_bos, special)
        return list(out[:n])

    def piece(self, token):
        buf = ctypes.create_string_buffer(256)
        n = L.llama_token_to_piece(self.vocab, token, buf, 256, 0, True)
        return buf.raw[:max(n, 0)].decode("utf-8", "replace")

    def metadata(self, key):
        buf = ctypes.create_string_buffer(1 << 16)
        n = L.llama_model_meta_val_str(self.model, key.encode(), buf, len(buf))
        return buf.value.decode() if n >= 0 else None


def speed(job):
    """Like `tael bench`: a warm-up, then `p` tokens as one batch after `depth` others, then `n` tokens one by one after as
    many; the medians of `repeat` times."""
    depth = job.get("depth", 0)
    m = Model(job["model"], job["threads"], depth + 1024)
    ids = [(i * 7919 + 11) % 20000 + 100 for i in range(max(job["p"], job["n"], depth, 64))]
    m.run(ids[:64])
    m.run(ids[:1])
    m.clear()
    for at in range(0, depth, 512):
        m.run(ids[at:min(at + 512, depth)])
    L.llama_synchronize(m.context)
    out = {"pp": [], "tg": []}
    for _ in range(job.get("repeat", 1)):
        if job["p"]:
            m.rewind(depth)
            start = time.perf_counter()
            m.run(ids[:job["p"]])
            L.llama_synchronize(m.context)
            out["pp"].append(job["p"] / (time.perf_counter() - start))
        if job["n"]:
            m.rewind(depth)
            m.run(ids[:1])
            start = time.perf_counter()
            for token in ids[:job["n"]]:
                m.run([token])
                L.llama_synchronize(m.context)
            out["tg"].append(job["n"] / (time.perf_counter() - start))
    return {kind: float(np.median(all)) for kind, all in out.items() if all}


def chat_prompt(m, text):
    """The prompt as the file's own Jinja template makes it."""
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(m.metadata("tokenizer.chat_template"))
    return template.render(messages=[{"role": "user", "content": text}], add_generation_prompt=True, bos_token="", eos_token="")


def prompts(job):
    m = Model(job["model"], job["threads"], 64)
    return {"ids": [m.tokenize(chat_prompt(m, text), True) for text in job["prompts"]]}


def greedy(job):
    """For each prompt: the greedy ids, up to and with the first that isn't the other engine's; and there, how far apart the
    logits of the two tokens are."""
    m = Model(job["model"], job["threads"], 1024, flash=0)
    answers = []
    for ids, other in zip(job["ids"], job["other"]):
        m.clear()
        m.run(ids)
        made, gap = [], None
        for step in range(job["n"]):
            logits = m.logits()
            token = int(logits.argmax())
            made.append(token)
            if step < len(other) and other[step] != token:
                gap = float(logits[token] - logits[other[step]])
            if gap is not None or L.llama_vocab_is_eog(m.vocab, token):
                break
            m.run([token])
        answers.append({"ids": made, "gap": gap, "text": "".join(map(m.piece, made))})
    return {"answers": answers}


def perplexity(job):
    """exp of the mean of -log p over positions window/2 .. window-2 (each foretells the next one) of whole windows."""
    w = job["window"]
    m = Model(job["model"], job["threads"], w, w, flash=0)
    with open(job["file"], encoding="utf-8") as f:
        text = f.read()
    bos = L.llama_vocab_get_add_bos(m.vocab)
    ids = m.tokenize(text, False, bos)
    total, scored = 0.0, 0
    for at in range(0, len(ids) - w + 1, w):
        window = ids[at:at + w]
        if bos:
            window[0] = L.llama_vocab_bos(m.vocab)
        m.clear()
        m.run(window, logits_from=w // 2)
        for i in range(w // 2, w - 1):
            x = m.logits(i).astype(np.float64)
            x -= x.max()
            total += np.log(np.exp(x).sum()) - x[window[i + 1]]
            scored += 1
    return {"perplexity": float(np.exp(total / scored)), "tokens_scored": scored, "tokens": len(ids)}


def about(job):
    """A tenth of a second's work: dies where the build uses an instruction that this machine doesn't really run."""
    m = Model(job["model"], job["threads"], 64)
    m.run(list(range(100, 132)))
    return {"system": L.llama_print_system_info().decode()}


if __name__ == "__main__":
    task = json.load(sys.stdin)
    json.dump({"speed": speed, "prompts": prompts, "greedy": greedy, "perplexity": perplexity, "about": about}[task["do"]](task), sys.stdout)
