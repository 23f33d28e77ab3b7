#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes data/tiny_*.gguf and data/tiny_*.logits: random models of each architecture, written as GGUF, and the logits that
the transformers library computes for them. Run it in this folder with torch, transformers and gguf installed; the seed
is fixed, so the files change only when a library's arithmetic does.

A .logits file is: u32 tokens, u32 vocabulary, i32 ids[tokens], f32 logits[tokens][vocabulary], little-endian.
The logits of the quantised variants are of the weights after quantisation, taken back to f32."""
import os
import struct

import gguf
import numpy as np
import torch
from gguf.quants import dequantize, quantize
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
VOCABULARY, TOKENS = 128, 40
Q = gguf.GGMLQuantizationType
COMMON = dict(vocab_size=VOCABULARY, hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4,
              num_key_value_heads=2, max_position_embeddings=256, rms_norm_eps=1e-6, attn_implementation="eager")
LLAMA3_ROPE = dict(rope_type="llama3", rope_theta=10000.0, factor=4.0, low_freq_factor=1.0, high_freq_factor=4.0,
                   original_max_position_embeddings=64)


def permute(weight, heads):
    """q and k of llama as GGUF has them: pairs that turn together lie side by side."""
    rows = weight.shape[0]
    return weight.reshape(heads, 2, rows // heads // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def bytes_to_text():
    """GPT-2's printable stand-ins for the 256 bytes; the first VOCABULARY - 2 are this model's tokens."""
    kept = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in kept]
    return [chr(b) for b in kept] + [chr(256 + i) for i in range(len(rest))]


NAMES = {
    "input_layernorm": "attn_norm", "post_attention_layernorm": "ffn_norm", "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm", "self_attn.k_norm": "attn_k_norm", "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}


def gguf_name(name):
    top = {"model.embed_tokens.weight": "token_embd.weight", "model.norm.weight": "output_norm.weight",
           "lm_head.weight": "output.weight"}
    if name in top:
        return top[name]
    _, _, layer, rest = name.split(".", 3)
    module, kind = rest.rsplit(".", 1)
    return f"blk.{layer}.{NAMES[module]}.{kind}"


def write_gguf(path, arch, model, tensors, kind, head_size, scaling):
    c = model.config
    w = gguf.GGUFWriter(path, arch)
    w.add_name(os.path.basename(path)[:-5])
    w.add_block_count(c.num_hidden_layers)
    w.add_context_length(c.max_position_embeddings)
    w.add_embedding_length(c.hidden_size)
    w.add_feed_forward_length(c.intermediate_size)
    w.add_head_count(c.num_attention_heads)
    w.add_head_count_kv(c.num_key_value_heads)
    w.add_layer_norm_rms_eps(c.rms_norm_eps)
    w.add_rope_freq_base(10000.0)
    w.add_rope_dimension_count(head_size)
    w.add_key_length(head_size)
    w.add_value_length(head_size)
    if scaling == "linear":
        w.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(2.0)
    tokens = bytes_to_text()[:VOCABULARY - 2] + ["<|endoftext|>", "<|im_end|>"]
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("llama-bpe" if arch == "llama" else "qwen2")
    w.add_token_list(tokens)
    w.add_token_types([1] * (VOCABULARY - 2) + [3, 3])
    w.add_token_merges(["a b", "b c"])
    w.add_bos_token_id(VOCABULARY - 2)
    w.add_eos_token_id(VOCABULARY - 1)
    w.add_add_bos_token(arch == "llama")
    for name, data in tensors.items():
        data = np.ascontiguousarray(data)
        if kind is None or data.ndim == 1:
            w.add_tensor(name, data)
        else:
            w.add_tensor(name, quantize(data, kind), raw_dtype=kind)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def llama3_factors(model, head_size):
    """rope_freqs.weight divides the plain frequencies; llama3's are those of the model itself."""
    plain = 10000.0 ** -(torch.arange(0, head_size, 2).float() / head_size)
    return (plain / model.model.rotary_emb.inv_freq.float()).numpy().astype(np.float32)


def make(name, arch, config_class, model_class, kind=None, head_size=16, scaling=None, **more):
    torch.manual_seed(7)
    config = config_class(**{**COMMON, **more})
    model = model_class(config).float().eval()
    with torch.no_grad():
        for key, p in model.named_parameters():
            spread = 0.3 if key.endswith("bias") or "norm" in key else 0.15
            p.copy_(torch.randn_like(p) * spread + (1.0 if "norm" in key else 0.0))
            if kind is not None and p.ndim == 2:
                p.copy_(torch.from_numpy(dequantize(quantize(p.numpy(), kind), kind).reshape(p.shape).copy()))
    tensors = {}
    for key, p in model.state_dict().items():
        if key == "lm_head.weight" and config.tie_word_embeddings:
            continue
        data, target = p.numpy(), gguf_name(key)
        if arch == "llama" and ".attn_q." in target:
            data = permute(data, config.num_attention_heads)
        if arch == "llama" and ".attn_k." in target:
            data = permute(data, config.num_key_value_heads)
        tensors[target] = data
    if scaling == "llama3":
        tensors["rope_freqs.weight"] = llama3_factors(model, head_size)
    path = os.path.join(HERE, name)
    write_gguf(path + ".gguf", arch, model, tensors, kind, head_size, scaling)
    ids = torch.randint(0, VOCABULARY, (1, TOKENS), generator=torch.Generator().manual_seed(11))
    with torch.no_grad():
        logits = model(ids).logits[0].numpy().astype("<f4")
    with open(path + ".logits", "wb") as f:
        f.write(struct.pack("<II", TOKENS, VOCABULARY) + ids[0].numpy().astype("<i4").tobytes() + logits.tobytes())
    print(f"{name}: {os.path.getsize(path + '.gguf')} bytes, logits within {np.abs(logits).max():.2f}")


make("tiny_qwen2", "qwen2", Qwen2Config, Qwen2ForCausalLM, tie_word_embeddings=True)
make("tiny_qwen3", "qwen3", Qwen3Config, Qwen3ForCausalLM, head_size=24, head_dim=24, intermediate_size=64, tie_word_embeddings=True)
make("tiny_llama", "llama", LlamaConfig, LlamaForCausalLM, intermediate_size=64, tie_word_embeddings=False)
make("tiny_llama_linear", "llama", LlamaConfig, LlamaForCausalLM, tie_word_embeddings=True, scaling="linear",
     num_hidden_layers=1, rope_parameters=dict(rope_type="linear", rope_theta=10000.0, factor=2.0))
make("tiny_llama3", "llama", LlamaConfig, LlamaForCausalLM, tie_word_embeddings=True, scaling="llama3", num_hidden_layers=1,
     rope_parameters=LLAMA3_ROPE)
make("tiny_qwen2_f16", "qwen2", Qwen2Config, Qwen2ForCausalLM, kind=Q.F16, tie_word_embeddings=True)
make("tiny_qwen2_q8_0", "qwen2", Qwen2Config, Qwen2ForCausalLM, kind=Q.Q8_0, tie_word_embeddings=True)
