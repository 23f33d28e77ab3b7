#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the tiny models of architectures that need more than make_tiny_models.py has: mixtures of experts, sliding windows,
gated delta nets, scaled residuals, extended RoPE, embeddings, adapters. Same files, same libraries, same seed.

Names and layouts of tensors and metadata are those of the converters that people use, so that their files load here:
experts of a layer in one tensor, Gemma's norms with 1 added, the delta net's value heads in tiled order."""
import os
import struct
import sys

import gguf
import numpy as np
import torch
import transformers as tf
from gguf.quants import dequantize, quantize

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
VOCABULARY, TOKENS = 128, 40
Q = gguf.GGMLQuantizationType

NAMES = {
    "model.embed_tokens": "token_embd", "model.norm": "output_norm", "lm_head": "output",
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down", "mlp.gate": "ffn_gate_inp",
    "mlp.shared_expert.gate_proj": "ffn_gate_shexp", "mlp.shared_expert.up_proj": "ffn_up_shexp",
    "mlp.shared_expert.down_proj": "ffn_down_shexp", "mlp.shared_expert_gate": "ffn_gate_inp_shexp",
    "linear_attn.in_proj_qkv": "attn_qkv", "linear_attn.in_proj_z": "attn_gate", "linear_attn.in_proj_a": "ssm_alpha",
    "linear_attn.in_proj_b": "ssm_beta", "linear_attn.conv1d": "ssm_conv1d", "linear_attn.norm": "ssm_norm",
    "linear_attn.out_proj": "ssm_out", "linear_attn.in_proj_ba": "ssm_ba", "linear_attn.dt_bias": "ssm_dt.bias", "linear_attn.A_log": "ssm_a",
    # BERT
    "embeddings.word_embeddings": "token_embd", "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types", "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q", "attention.self.key": "attn_k", "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output", "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up", "output.dense": "ffn_down", "output.LayerNorm": "layer_output_norm",
}
GEMMA = {"post_attention_layernorm": "post_attention_norm", "pre_feedforward_layernorm": "ffn_norm",
         "post_feedforward_layernorm": "post_ffw_norm"}
QWEN35 = {"post_attention_layernorm": "post_attention_norm"}


def permute(weight, heads):
    """q and k of llama as GGUF has them: pairs that turn together lie side by side."""
    rows = weight.shape[0]
    return weight.reshape(heads, 2, rows // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def tiled(weight, config, each, axis=0):
    """The value heads of a delta net, grouped by key head in training, tiled over the key heads in GGUF."""
    keys, values = config.linear_num_key_heads, config.linear_num_value_heads
    shape = list(weight.shape)
    split = weight.reshape(shape[:axis] + [keys, values // keys, each] + shape[axis + 1:])
    return split.swapaxes(axis, axis + 1).reshape(shape)


def grouped_delta_net(name, data, c):
    """Those of Qwen3-Next, whose heads stay grouped: q, k, v and z of each key head become all q, all k, all v; and z."""
    if name.endswith("A_log"):
        return {"ssm_a": -np.exp(data)}
    if "in_proj_qkvz" not in name:
        return {"": data.reshape(data.shape[0], -1) if "conv1d" in name else data}
    keys, d, v = c.linear_num_key_heads, c.linear_key_head_dim, c.linear_num_value_heads // c.linear_num_key_heads
    parts = np.split(data.reshape(keys, -1, data.shape[1]), np.cumsum([d, d, v * d]), axis=1)
    q, k, v, z = (p.reshape(-1, data.shape[1]) for p in parts)
    return {"attn_qkv.weight": np.concatenate([q, k, v]), "attn_gate.weight": z}


def delta_net(name, data, c):
    """What the converters make of a delta net's tensors."""
    qk, d = 2 * c.linear_num_key_heads * c.linear_key_head_dim, c.linear_value_head_dim
    if name.endswith("A_log"):
        return tiled(-np.exp(data), c, 1)
    if name.endswith("dt_bias") or "in_proj_a" in name or "in_proj_b" in name:
        return tiled(data, c, 1)
    if "in_proj_qkv" in name or "conv1d" in name:
        data = data.reshape(data.shape[0], -1)
        return np.concatenate([data[:qk], tiled(data[qk:], c, d)])
    if "in_proj_z" in name:
        return tiled(data, c, d)
    return tiled(data, c, d, axis=1) if "out_proj" in name else data


def tensors_of(model, arch):
    c, out = model.config, {}
    rename = NAMES | (GEMMA if arch == "gemma3" else {}) | (QWEN35 if arch.startswith(("qwen35", "qwen3next")) else {})
    plus_one = arch == "gemma3" or arch.startswith(("qwen35", "qwen3next"))
    for key, p in model.state_dict().items():
        key = key if key.startswith(("model.", "lm_head.")) or arch == "bert" else "model." + key
        if key.startswith("pooler.") or (key == "lm_head.weight" and c.tie_word_embeddings):
            continue
        data = p.detach().numpy()
        layer, rest = "", key
        for prefix in ("model.layers.", "encoder.layer."):
            if key.startswith(prefix):
                number, rest = key[len(prefix):].split(".", 1)
                layer = f"blk.{number}."
        if "linear_attn" in rest and arch == "qwen3next":
            made = grouped_delta_net(rest, data, c)
            if "" not in made:
                out |= {layer + n: d for n, d in made.items()}
                continue
            data = made[""]
        elif "linear_attn" in rest:
            data = delta_net(rest, data, c)
        if plus_one and rest.endswith("norm.weight") and not rest.endswith("linear_attn.norm.weight"):
            data = data + 1
        if arch in ("minicpm", "llama") and "self_attn.q_proj" in rest:
            data = permute(data, c.num_attention_heads)
        if arch in ("minicpm", "llama") and "self_attn.k_proj" in rest:
            data = permute(data, c.num_key_value_heads)
        if rest == "mlp.experts.gate_up_proj":
            half = data.shape[1] // 2
            out[layer + "ffn_gate_exps.weight"], out[layer + "ffn_up_exps.weight"] = data[:, :half], data[:, half:]
        elif rest == "mlp.experts.down_proj":
            out[layer + "ffn_down_exps.weight"] = data
        elif rest in rename:
            out[layer + rename[rest]] = data
        else:
            module, kind = rest.rsplit(".", 1)
            if module == "mlp.shared_expert_gate":
                data = data[0]
            out[layer + rename[module] + "." + kind] = data
    return out


def randomise(model, kind):
    """Weights large enough that every part matters; matrices as they are after quantisation."""
    with torch.no_grad():
        for key, p in model.named_parameters():
            norm = "norm" in key.lower() and p.ndim == 1
            spread = 0.3 if norm or p.ndim == 1 else 0.15
            # Gemma and Qwen3.5 keep their norms' weights around 0, but for the delta net's own.
            centre = 1.0 if norm and not (model.config.model_type in ("gemma3_text", "qwen3_5_text", "qwen3_5_moe_text", "qwen3_next") and
                                          "linear_attn" not in key) else 0.0
            if key.endswith("A_log"):
                p.copy_(torch.rand_like(p) * 2 - 1.5)  # memories from short to long
                continue
            if key.endswith(("mlp.gate.weight", "router.weight")):
                spread = 0.5  # tokens choose differently
            p.copy_(torch.randn_like(p) * spread + centre)
            if kind is not None and p.ndim >= 2 and "conv1d" not in key and "mlp.gate.weight" not in key:
                flat = p.numpy().reshape(-1, p.shape[-1])
                p.copy_(torch.from_numpy(dequantize(quantize(flat, kind), kind).reshape(p.shape).copy()))


def bytes_to_text():
    """GPT-2's printable stand-ins for the 256 bytes; the first VOCABULARY - 2 are these models' tokens."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in kept]
    return [chr(b) for b in kept] + [chr(256 + i) for i in range(len(rest))]


def add_byte_vocabulary(w, pre):
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre(pre)
    w.add_token_list(bytes_to_text()[:VOCABULARY - 2] + ["<|endoftext|>", "<|im_end|>"])
    w.add_token_types([1] * (VOCABULARY - 2) + [3, 3])
    w.add_token_merges(["a b", "b c"])
    w.add_bos_token_id(VOCABULARY - 2)
    w.add_eos_token_id(VOCABULARY - 1)
    w.add_add_bos_token(False)


WORD_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def add_word_pieces(w):
    """Letters, digits, some marks, and a few pieces; a word's start has the mark of a space before it."""
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    starts = letters + list("0123456789.,!?-'") + ["the", "cat", "sat", "embed", "un", "é", "杭", "州"]
    goes_on = letters + ["ding", "able", "s", "ed"]
    pieces = WORD_PIECES + ["\u2581" + p for p in starts] + goes_on
    pieces = list(dict.fromkeys(pieces))
    pieces += [f"\u2581[unused{i}]" for i in range(VOCABULARY - len(pieces))]
    assert len(pieces) == VOCABULARY
    w.add_tokenizer_model("bert")
    w.add_tokenizer_pre("jina-v2-en")
    w.add_token_list(pieces)
    w.add_token_types([3] * len(WORD_PIECES) + [1] * (VOCABULARY - len(WORD_PIECES)))
    w.add_token_type_count(2)
    for name, i in (("padding", 0), ("unknown", 1), ("cls", 2), ("seperator", 3), ("mask", 4)):
        w.add_uint32(f"tokenizer.ggml.{name}_token_id", i)
    w.add_bos_token_id(2)
    w.add_eos_token_id(3)


def write_gguf(path, arch, model, keys, kind, extra):
    c = model.config
    w = gguf.GGUFWriter(path, arch)
    w.add_name(os.path.basename(path)[:-5])
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    if arch == "bert":
        w.add_layer_norm_eps(c.layer_norm_eps)
        add_word_pieces(w)
    else:
        w.add_head_count_kv(c.num_key_value_heads)
        w.add_layer_norm_rms_eps(c.rms_norm_eps)
        head = getattr(c, "head_dim", None) or c.hidden_size // c.num_attention_heads
        w.add_key_length(head)
        w.add_value_length(head)
        add_byte_vocabulary(w, "qwen2")
    for key, value in keys.items():
        kinds = {bool: w.add_bool, int: w.add_uint32, float: w.add_float32, str: w.add_string, list: w.add_array}
        kinds[type(value)](f"{arch}.{key}" if not key.startswith("tokenizer.") else key, value)
    for name, data in {**tensors_of(model, arch), **extra}.items():
        data = np.ascontiguousarray(data, dtype=np.float32)
        plain = kind is None or data.ndim == 1 or "conv1d" in name or "ffn_gate_inp" in name
        if plain:
            w.add_tensor(name, data)
        else:
            flat = quantize(data.reshape(-1, data.shape[-1]), kind)
            w.add_tensor(name, flat.reshape(*data.shape[:-1], -1), raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def tokens(count=TOKENS):
    return torch.randint(0, VOCABULARY, (1, count), generator=torch.Generator().manual_seed(11))


def write_logits(path, ids, logits):
    """u32 tokens, u32 columns, i32 ids[tokens], f32 values[rows][columns]: a row per token, or fewer for embeddings."""
    with open(path, "wb") as f:
        f.write(struct.pack("<II", ids.shape[1], logits.shape[1]) + ids[0].numpy().astype("<i4").tobytes() +
                logits.astype("<f4").tobytes())


def build(config_class, model_class, kind=None, **config):
    torch.manual_seed(7)
    common = dict(vocab_size=VOCABULARY, max_position_embeddings=256, attn_implementation="eager")
    model = model_class(config_class(**{**common, **config})).float().eval()
    randomise(model, kind)
    return model


def make(name, arch, config_class, model_class, keys=None, kind=None, extra=None, **config):
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    model = build(config_class, model_class, kind, **config)
    path = os.path.join(HERE, name)
    write_gguf(path + ".gguf", arch, model, keys or {}, kind, extra or {})
    ids = tokens()
    with torch.no_grad():
        logits = model(ids).logits[0].numpy()
    write_logits(path + ".logits", ids, logits)
    print(f"{name}: {os.path.getsize(path + '.gguf')} bytes, logits within {np.abs(logits).max():.2f}")


DENSE = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2,
             rms_norm_eps=1e-6)
ROPE = {"rope.freq_base": 10000.0}
EXPERTS = dict(DENSE, moe_intermediate_size=16, num_experts_per_tok=3, decoder_sparse_step=1, mlp_only_layers=[])
EXPERT_KEYS = {**ROPE, "expert_used_count": 3, "expert_feed_forward_length": 16}

make("tiny_qwen2moe", "qwen2moe", tf.Qwen2MoeConfig, tf.Qwen2MoeForCausalLM, **EXPERTS, num_experts=5,
     shared_expert_intermediate_size=24, norm_topk_prob=False, tie_word_embeddings=False,
     keys={**EXPERT_KEYS, "expert_count": 5, "expert_shared_feed_forward_length": 24})
make("tiny_qwen3moe", "qwen3moe", tf.Qwen3MoeConfig, tf.Qwen3MoeForCausalLM, **EXPERTS, num_experts=7, head_dim=12,
     norm_topk_prob=True, tie_word_embeddings=True, keys={**EXPERT_KEYS, "expert_count": 7})
make("tiny_qwen3moe_q8_0", "qwen3moe", tf.Qwen3MoeConfig, tf.Qwen3MoeForCausalLM, kind=Q.Q8_0,
     **{**EXPERTS, "moe_intermediate_size": 32}, num_experts=8, head_dim=16, norm_topk_prob=True, tie_word_embeddings=True,
     keys={**EXPERT_KEYS, "expert_count": 8, "expert_feed_forward_length": 32})
# Seven layers, for every sixth sees everything; a window shorter than the prompt.
make("tiny_gemma3", "gemma3", tf.Gemma3TextConfig, tf.Gemma3ForCausalLM, kind=Q.F16,
     **{**DENSE, "num_hidden_layers": 7, "num_attention_heads": 2, "num_key_value_heads": 1}, head_dim=16,
     query_pre_attn_scalar=16, sliding_window=9, tie_word_embeddings=True, final_logit_softcapping=5.0,
     keys={"rope.freq_base": 1000000.0, "attention.sliding_window": 9, "final_logit_softcapping": 5.0})
make("tiny_minicpm", "minicpm", tf.GraniteConfig, tf.GraniteForCausalLM, **DENSE, embedding_multiplier=12.0,
     attention_multiplier=8 ** -0.5, residual_multiplier=1.4 / 2 ** 0.5, logits_scaling=2.0, tie_word_embeddings=True,
     keys={**ROPE, "rope.dimension_count": 8, "embedding_scale": 12.0, "residual_scale": 1.4 / 2 ** 0.5, "logit_scale": 2.0})
DELTA = dict(DENSE, num_hidden_layers=3, num_attention_heads=2, num_key_value_heads=1, head_dim=16,
             layer_types=["linear_attention", "full_attention", "linear_attention"], linear_conv_kernel_dim=4,
             linear_key_head_dim=8, linear_value_head_dim=8, linear_num_key_heads=2, linear_num_value_heads=4,
             rope_parameters=dict(rope_type="default", rope_theta=10000.0, partial_rotary_factor=0.5,
                                  mrope_section=[2, 1, 1]))
DELTA_KEYS = {**ROPE, "rope.dimension_count": 8, "rope.dimension_sections": [2, 1, 1, 0], "ssm.conv_kernel": 4,
              "ssm.state_size": 8, "ssm.group_count": 2, "ssm.time_step_rank": 4, "ssm.inner_size": 32,
              "full_attention_interval": 2}
make("tiny_qwen35", "qwen35", tf.Qwen3_5TextConfig, tf.Qwen3_5ForCausalLM, **DELTA, tie_word_embeddings=True, keys=DELTA_KEYS)
make("tiny_qwen35moe", "qwen35moe", tf.Qwen3_5MoeTextConfig, tf.Qwen3_5MoeForCausalLM,
     **{**DELTA, "num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"]}, tie_word_embeddings=True,
     num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, shared_expert_intermediate_size=24,
     keys={**DELTA_KEYS, "expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 16,
           "expert_shared_feed_forward_length": 24})
make("tiny_qwen3next", "qwen3next", tf.Qwen3NextConfig, tf.Qwen3NextForCausalLM,
     **{**DELTA, "num_hidden_layers": 2, "layer_types": ["linear_attention", "full_attention"]}, tie_word_embeddings=True,
     num_experts=4, num_experts_per_tok=2, moe_intermediate_size=16, shared_expert_intermediate_size=24,
     norm_topk_prob=True, decoder_sparse_step=1, mlp_only_layers=[],
     keys={**DELTA_KEYS, "expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 16,
           "expert_shared_feed_forward_length": 24})

# RoPE stretched past the trained context, which is shorter than the prompt.
make("tiny_yarn", "qwen3", tf.Qwen3Config, tf.Qwen3ForCausalLM, **{**DENSE, "num_hidden_layers": 1}, head_dim=16,
     tie_word_embeddings=True,
     rope_parameters=dict(rope_type="yarn", rope_theta=10000.0, factor=4.0, original_max_position_embeddings=16),
     keys={**ROPE, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0, "rope.scaling.original_context_length": 16})
SHORT, LONG = [1.0, 1.1, 1.2, 1.4], [1.3, 2.0, 3.5, 6.0]
for name, original in (("tiny_longrope_short", 512), ("tiny_longrope", 16)):
    make(name, "minicpm", tf.GraniteConfig, tf.GraniteForCausalLM, **{**DENSE, "num_hidden_layers": 1},
         embedding_multiplier=12.0, attention_multiplier=8 ** -0.5, residual_multiplier=1.4, logits_scaling=2.0,
         tie_word_embeddings=True,
         rope_parameters=dict(rope_type="longrope", rope_theta=10000.0, factor=max(1.0, 256 / original), short_factor=SHORT,
                              long_factor=LONG, original_max_position_embeddings=original, attention_factor=1.19),
         keys={**ROPE, "rope.dimension_count": 8, "embedding_scale": 12.0, "residual_scale": 1.4, "logit_scale": 2.0,
               "rope.scaling.type": "longrope", "rope.scaling.attn_factor": 1.19,
               "rope.scaling.original_context_length": original},
         extra={"rope_factors_short.weight": np.array(SHORT), "rope_factors_long.weight": np.array(LONG)})


def unit(row):
    return (row / row.norm()).reshape(1, -1).numpy()


def make_embedding(name, arch, config_class, model_class, pool, pooling, keys, **config):
    """.logits holds one row: the normalised vector of all tokens together."""
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    model = build(config_class, model_class, **config)
    path = os.path.join(HERE, name)
    write_gguf(path + ".gguf", arch, model, {**keys, "pooling_type": pooling}, None, {})
    ids = tokens(24)
    with torch.no_grad():
        hidden = model(ids).last_hidden_state[0]
    write_logits(path + ".logits", ids, unit(pool(hidden)))
    print(f"{name}: {os.path.getsize(path + '.gguf')} bytes")


BERT = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64)
BERT_KEYS = {"attention.causal": False}
make_embedding("tiny_bert", "bert", tf.BertConfig, tf.BertModel, lambda h: h[0], 2, BERT_KEYS, **BERT)
make_embedding("tiny_bert_mean", "bert", tf.BertConfig, tf.BertModel, lambda h: h.mean(0), 1, BERT_KEYS,
               **{**BERT, "num_hidden_layers": 1})
make_embedding("tiny_qwen3_embedding", "qwen3", tf.Qwen3Config, tf.Qwen3Model, lambda h: h[-1], 3,
               {**ROPE, "tokenizer.ggml.add_eos_token": True}, **DENSE, head_dim=16, tie_word_embeddings=True)


def make_adapter(name, base, alpha, rank=4):
    """A low-rank adapter of the model `base`, and the logits of the model with its products added to the weights."""
    if len(sys.argv) > 1 and name not in sys.argv[1:]:
        return
    model = build(tf.Qwen3Config, tf.Qwen3ForCausalLM, **base)
    random = torch.Generator().manual_seed(3)
    path = os.path.join(HERE, name)
    write_gguf(path + "_base.gguf", "qwen3", model, ROPE, None, {})
    w = gguf.GGUFWriter(path + ".gguf", "qwen3")
    w.add_type(gguf.GGUFType.ADAPTER)
    w.add_string(gguf.Keys.Adapter.TYPE, "lora")
    w.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
    with torch.no_grad():
        for key, p in model.named_parameters():
            if not key.endswith("_proj.weight") or "k_proj" in key:  # an adapter need not cover everything
                continue
            a = torch.randn((rank, p.shape[1]), generator=random) * 0.3
            b = torch.randn((p.shape[0], rank), generator=random) * 0.3
            number, rest = key[len("model.layers."):].split(".", 1)
            target = f"blk.{number}.{NAMES[rest[:-len('.weight')]]}.weight"
            w.add_tensor(target + ".lora_a", a.numpy())
            w.add_tensor(target + ".lora_b", b.numpy())
            p += alpha / rank * b @ a
        ids = tokens()
        logits = model(ids).logits[0].numpy()
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()
    write_logits(path + ".logits", ids, logits)
    print(f"{name}: {os.path.getsize(path + '.gguf')} bytes, logits within {np.abs(logits).max():.2f}")


make_adapter("tiny_lora", {**DENSE, "head_dim": 16, "tie_word_embeddings": True}, alpha=6.0)
