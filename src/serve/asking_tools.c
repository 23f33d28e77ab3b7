// SPDX-License-Identifier: Apache-2.0
// tools and tool_choice of a request.
#include <stdlib.h>
#include <string.h>

#include "generate/guide.h"
#include "model/model.h"
#include "serve/fields.h"

#define TOOLS_MOST 64 /* as many alternatives as a guide follows */
#define NAME_MOST  64

static bool good_name(const json_t *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
    const char *text = json_string_value(name);
    size_t n = json_string_length(name);
    return text && n > 0 && n <= NAME_MOST && strspn(text, letters) == n;
}

static bool read_list(tael__exchange *x, json_t *list)
{
    const json_t *tool;
    size_t i, count = json_array_size(list);
    if (!json_is_array(list) || count > TOOLS_MOST)
        return tael__fault_field(
            x, "tools", TAEL_SAY("tools: give a list of at most %d", "tools：应为最多 %d 项的列表"), TOOLS_MOST);
    json_array_foreach(list, i, tool)
    {
        const char *type = json_string_value(json_object_get(tool, "type"));
        const json_t *function = json_object_get(tool, "function");
        const json_t *parameters = tael__value(function, "parameters");
        char path[48];
        snprintf(path, sizeof path, "tools[%zu]", i);
        if (!type || strcmp(type, "function") != 0 || !good_name(json_object_get(function, "name")))
            return tael__fault_field(
                x, path,
                TAEL_SAY("%s: give type function, and a function.name of 1 to %d letters, digits, '_' or '-'",
                         "%s：应为 function 类型，function.name 为 1 到 %d 个字母、数字、_ 或 -"),
                path, NAME_MOST);
        if (parameters && !json_is_object(parameters))
            return tael__fault_field(x, path,
                                     TAEL_SAY("%s: function.parameters is a JSON schema, an object",
                                              "%s：function.parameters 应为 JSON schema 对象"),
                                     path);
    }
    if (count > 0) x->tools.list = json_incref(list);
    return true;
}

static bool has_tool(const tael__exchange *x, const json_t *name)
{
    const json_t *tool;
    size_t i;
    json_array_foreach(x->tools.list, i, tool) if (json_equal(name, json_object_get(json_object_get(tool, "function"),
                                                                                    "name"))) return true;
    return false;
}

static bool read_choice(tael__exchange *x, const json_t *choice)
{
    const char *word = json_string_value(choice);
    json_t *name = json_object_get(json_object_get(choice, "function"), "name");
    if (!choice || (word && strcmp(word, "auto") == 0)) return true;
    if (word && strcmp(word, "none") == 0) {
        json_decref(x->tools.list);
        x->tools.list = NULL;
        return true;
    }
    bool required = word && strcmp(word, "required") == 0;
    if (!x->tools.list || (!required && !(name && has_tool(x, name))))
        return tael__fault_field(x, "tool_choice", "%s",
                                 TAEL_SAY("tool_choice: give none, auto, required, or a function that is in tools",
                                          "tool_choice：应为 none、auto、required 或 tools 中的函数"));
    x->tools.must = true;
    x->tools.only = json_incref(name);
    return true;
}

bool tael__ask_tools(tael__exchange *x, const json_t *body)
{
    json_t *list = tael__value(body, "tools");
    return (!list || read_list(x, list)) && read_choice(x, tael__value(body, "tool_choice"));
}

/* Can a reply be guided by the schema? */
static tael_status try_schema(const tael_model *model, const char *schema)
{
    tael__guide_tokens *tokens = NULL;
    tael__guide *guide = NULL;
    TAEL_TRY(tael__guide_tokens_share(&tokens, tael__model_tokenizer(model)));
    tael_status status = tael__guide_open_with(&guide, schema, tokens);
    tael__guide_close(guide);
    tael__guide_tokens_release(tokens);
    return status;
}

bool tael__ask_call(tael__exchange *x, tael__asked *a)
{
    if (!x->tools.must) return true;
    if (a->schema)
        return tael__fault_field(
            x, "response_format", "%s",
            TAEL_SAY("response_format: a call must be made, and its form is the tool's; give one of them",
                     "response_format：必须调用工具时格式由工具决定；请只给其一"));
    a->schema = tael__tools_schema(&x->tools, true);
    tael_status status = a->schema ? try_schema(x->server->model, a->schema) : TAEL_NO_MEMORY;
    if (status != TAEL_OK && status != TAEL_NO_MEMORY) { /* keywords that can't be guided by: the form alone, then */
        tael__free(a->schema);
        a->schema = tael__tools_schema(&x->tools, false);
        status = a->schema ? TAEL_OK : TAEL_NO_MEMORY;
    }
    return status == TAEL_OK || tael__fault_status(x, status, "tools", tael_error());
}
