// SPDX-License-Identifier: Apache-2.0
// BERT (Devlin et al. 2019, arXiv 1810.04805) for embeddings, such as bge: a token sees those on both sides of it,
// positions are added to the embedding, norms come after each half of a block, and one matrix with a GELU feeds
// forward.
#include "model/internal.h"

static tael_status read_sizes(tael__sizes *s, const tael_model *model)
{
    TAEL_TRY(tael__read_common_sizes(s, model));
    TAEL_TRY(tael__read_number_or(&s->epsilon, model, "attention.layer_norm_epsilon", 0, 1));
    s->rope.dims = 0;
    s->sees_all = true;
    return TAEL_OK;
}

static tael_status read_norm(tael__norm *norm, const tael_model *m, uint32_t layer, const char *weight,
                             const char *bias)
{
    TAEL_TRY(tael__read_vector(&norm->weight, m, layer, weight, m->sizes.embedding));
    return tael__read_vector(&norm->bias, m, layer, bias, m->sizes.embedding);
}

static tael_status read_model(tael_model *m)
{
    size_t e = m->sizes.embedding, n = m->sizes.context_tokens;
    uint32_t types = 2;
    TAEL_TRY(tael__read_matrix(&m->positions, m, TAEL__NO_LAYER, "position_embd.weight", n, e));
    tael__gguf_u32(m->file, "tokenizer.ggml.token_type_count", &types);
    if (tael__has_tensor(m, TAEL__NO_LAYER, "token_types.weight"))
        TAEL_TRY(tael__read_matrix(&m->token_types, m, TAEL__NO_LAYER, "token_types.weight", types, e));
    return read_norm(&m->embedding_norm, m, TAEL__NO_LAYER, "token_embd_norm.weight", "token_embd_norm.bias");
}

static tael_status read_layer(tael__layer *l, const tael_model *m, uint32_t index)
{
    size_t e = m->sizes.embedding, f = m->sizes.feed_forward;
    l->kv = index;
    TAEL_TRY(tael__read_attention(l, m, index));
    TAEL_TRY(tael__read_qkv_bias(l, m, index, false));
    TAEL_TRY(tael__read_vector_or_none(&l->output_bias, m, index, "attn_output.bias", e));
    TAEL_TRY(read_norm(&l->attention.after, m, index, "attn_output_norm.weight", "attn_output_norm.bias"));
    TAEL_TRY(tael__read_matrix(&l->gate_up[1], m, index, "ffn_up.weight", f, e));
    TAEL_TRY(tael__read_vector_or_none(&l->gate_up_bias[1], m, index, "ffn_up.bias", f));
    TAEL_TRY(tael__read_matrix(&l->down, m, index, "ffn_down.weight", e, f));
    TAEL_TRY(tael__read_vector_or_none(&l->down_bias, m, index, "ffn_down.bias", e));
    return read_norm(&l->feed_forward.after, m, index, "layer_output_norm.weight", "layer_output_norm.bias");
}

const tael__architecture tael__architecture_bert = {
    .name = "bert",
    .activation = TAEL__GELU,
    .read_sizes = read_sizes,
    .read_layer = read_layer,
    .read_model = read_model,
};
