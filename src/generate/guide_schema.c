// SPDX-License-Identifier: Apache-2.0
// JSON schema to plan. Each keyword is either understood, or known to say nothing about what text fits, or refused by
// name: a schema is never followed by half. References are compiled once, so that recursive ones end.
#include "generate/guide_internal.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct known {
    const json_t *schema;
    uint32_t node;
} known;

typedef struct compiler {
    tael__plan *plan;
    json_t *root;
    tael__buffer knowns; /* of known: what references led to */
    uint32_t depth;
    uint32_t any;   /* the node of any value at all; 0: nobody needed it yet */
    char path[512]; /* of the schema at hand, for sentences: "#/properties/name" */
} compiler;

enum { OF_OBJECT = 1, OF_ARRAY = 2, OF_STRING = 4, OF_NUMBER = 8, OF_INTEGER = 16, OF_BOOLEAN = 32, OF_NULL = 64 };

static const struct {
    const char *name;
    int type;
} types[] = {{"object", OF_OBJECT},   {"array", OF_ARRAY},     {"string", OF_STRING}, {"number", OF_NUMBER},
             {"integer", OF_INTEGER}, {"boolean", OF_BOOLEAN}, {"null", OF_NULL}};

/* `for_types`: whose values it narrows; 0: all, or a note. */
static const struct {
    const char *name;
    int for_types;
    bool note;
} keywords[] = {{"type", 0, false},
                {"enum", 0, false},
                {"const", 0, false},
                {"anyOf", 0, false},
                {"$ref", 0, false},
                {"properties", OF_OBJECT, false},
                {"required", OF_OBJECT, false},
                {"items", OF_ARRAY, false},
                {"minItems", OF_ARRAY, false},
                {"maxItems", OF_ARRAY, false},
                {"minLength", OF_STRING, false},
                {"maxLength", OF_STRING, false},
                {"minimum", OF_NUMBER | OF_INTEGER, false},
                {"maximum", OF_NUMBER | OF_INTEGER, false},
                {"exclusiveMinimum", OF_NUMBER | OF_INTEGER, false},
                {"exclusiveMaximum", OF_NUMBER | OF_INTEGER, false},
                /* No others are written beside named properties, so this holds; without any named, see compile_map. */
                {"additionalProperties", 0, true},
                {"unevaluatedProperties", 0, true},
                {"$schema", 0, true},
                {"$id", 0, true},
                {"$comment", 0, true},
                {"$defs", 0, true},
                {"definitions", 0, true},
                {"title", 0, true},
                {"description", 0, true},
                {"default", 0, true},
                {"examples", 0, true},
                {"deprecated", 0, true},
                {"readOnly", 0, true},
                {"writeOnly", 0, true},
                {"format", 0, true}};

static tael_status compile_into(compiler *c, uint32_t node, const json_t *schema);

static tael_status bad(const compiler *c, const char *keyword)
{
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("schema %s: %s is not what JSON Schema allows; correct it", "模式 %s：%s 不符合 JSON Schema；请更正"),
        c->path, keyword);
}

static tael_status unsupported(const compiler *c, const char *keyword)
{
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("schema %s: Tael can't guide by %s; leave it out or say it another way",
                               "模式 %s：Tael 无法按 %s 引导；请去掉或换一种写法"),
                      c->path, keyword);
}

static tael_status impossible(const compiler *c, const char *keyword)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("schema %s: no value fits %s; widen it", "模式 %s：没有值满足 %s；请放宽"), c->path,
                      keyword);
}

static tael_status too_large(const compiler *c)
{
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("schema %s: too deep or too large; make it smaller", "模式 %s：层次过深或过大；请缩小"),
                      c->path);
}

static tael_status out_of_memory(void)
{
    return tael__fail_memory(TAEL_SAY("the schema", "模式"), 0);
}

/* A new node in *out. Pointers to nodes don't outlive this. */
static tael_status new_node(compiler *c, uint32_t *out)
{
    tael__node node = {.height = TAEL__GUIDE_ENDLESS};
    *out = (uint32_t)(c->plan->nodes.size / sizeof node);
    if (*out >= TAEL__GUIDE_NODES) return too_large(c);
    return tael__buffer_append(&c->plan->nodes, &node, sizeof node);
}

static size_t enter(compiler *c, const char *step, const char *name)
{
    size_t n = strlen(c->path);
    snprintf(c->path + n, sizeof c->path - n, "/%s%s%s", step, name ? "/" : "", name ? name : "");
    return n;
}

static tael_status compile_child(compiler *c, uint32_t *node, const json_t *schema, const char *step, const char *name)
{
    TAEL_TRY(new_node(c, node));
    size_t back = enter(c, step, name);
    if (c->depth >= TAEL__MAX_JSON_DEPTH) return too_large(c);
    c->depth++;
    tael_status status = compile_into(c, *node, schema);
    c->depth--;
    if (status == TAEL_OK) c->path[back] = '\0';
    return status;
}

/* ---- Literals ---- */

static tael_status add_text(compiler *c, const char *before, size_t n, const char *more, tael__text *out)
{
    out->offset = (uint32_t)c->plan->bytes.size;
    tael__buffer_append(&c->plan->bytes, before, n);
    TAEL_TRY(tael__buffer_text(&c->plan->bytes, more));
    out->bytes = (uint32_t)(c->plan->bytes.size - out->offset);
    return TAEL_OK;
}

/* As people write it: 0.1 rather than 0.10000000000000001. NULL when memory is short. */
static char *compact(const json_t *value)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY;
    if (json_is_real(value)) {
        char *text = json_dumps(value, flags | JSON_REAL_PRECISION(15));
        if (!text || strtod(text, NULL) == json_real_value(value)) return text;
        free(text);
    }
    return json_dumps(value, flags);
}

static int type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return OF_OBJECT;
    case JSON_ARRAY: return OF_ARRAY;
    case JSON_STRING: return OF_STRING;
    case JSON_INTEGER: return OF_INTEGER | OF_NUMBER;
    case JSON_REAL: return OF_NUMBER;
    case JSON_NULL: return OF_NULL;
    default: return OF_BOOLEAN;
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The texts, sorted and each once, as a node's literals. */
static tael_status add_literals(compiler *c, uint32_t node, char **texts, size_t count)
{
    uint32_t first = (uint32_t)(c->plan->texts.size / sizeof(tael__text)), n = 0;
    qsort(texts, count, sizeof *texts, compare_texts);
    for (size_t i = 0; i < count; i++) {
        tael__text text;
        if (i > 0 && strcmp(texts[i], texts[i - 1]) == 0) continue;
        TAEL_TRY(add_text(c, "", 0, texts[i], &text));
        TAEL_TRY(tael__buffer_append(&c->plan->texts, &text, sizeof text));
        n++;
    }
    tael__node *t = TAEL__PLAN_NODE(c->plan, node);
    t->shape = TAEL__SHAPE_LITERALS;
    t->height = 0;
    t->first = first;
    t->count = n;
    return TAEL_OK;
}

static tael_status compile_word(compiler *c, uint32_t node, const char *first, const char *second)
{
    char *words[2] = {(char *)(uintptr_t)first, (char *)(uintptr_t)second};
    return add_literals(c, node, words, second ? 2 : 1);
}

/* enum or const: those of the values that are of one of the types. */
static tael_status compile_values(compiler *c, uint32_t node, const json_t *values, const json_t *only, int allowed)
{
    size_t count = only ? 1 : json_array_size(values), kept = 0;
    char **texts = tael__alloc_array(count + 1, sizeof *texts);
    tael_status status = texts ? TAEL_OK : out_of_memory();
    for (size_t i = 0; i < count && status == TAEL_OK; i++) {
        const json_t *value = only ? only : json_array_get(values, i);
        if (!(type_of(value) & allowed)) continue;
        texts[kept] = compact(value);
        if (!texts[kept++]) status = out_of_memory();
    }
    if (status == TAEL_OK) status = kept ? add_literals(c, node, texts, kept) : impossible(c, only ? "const" : "enum");
    for (size_t i = 0; texts && i < kept; i++) free(texts[i]); /* jansson's own memory */
    tael__free(texts);
    return status;
}

/* ---- Scalars ---- */

/* A count that the schema gives, or `otherwise`. */
static tael_status read_count(const compiler *c, const json_t *schema, const char *keyword, int64_t otherwise,
                              int64_t *out)
{
    const json_t *value = json_object_get(schema, keyword);
    *out = otherwise;
    if (!value) return TAEL_OK;
    double n = json_number_value(value);
    if (!json_is_number(value) || n < 0 || n != floor(n)) return bad(c, keyword);
    *out = n > 1e9 ? 1000000000 : (int64_t)n;
    return TAEL_OK;
}

static tael_status compile_string(compiler *c, uint32_t node, const json_t *schema)
{
    int64_t least, most;
    TAEL_TRY(read_count(c, schema, "minLength", 0, &least));
    TAEL_TRY(
        read_count(c, schema, "maxLength", least > TAEL__GUIDE_STRING_MOST ? least : TAEL__GUIDE_STRING_MOST, &most));
    if (least > most) return impossible(c, "minLength");
    tael__node *n = TAEL__PLAN_NODE(c->plan, node);
    *n = (tael__node){.shape = TAEL__SHAPE_STRING, .least = least, .most = most};
    return TAEL_OK;
}

/* `value` times 10^decimals, rounded into the bound's side and cut to 18 digits. */
static int64_t scaled(const json_t *value, int decimals, bool up)
{
    if (json_is_integer(value) && decimals == 0) {
        int64_t n = json_integer_value(value);
        return n > TAEL__GUIDE_BOUND ? TAEL__GUIDE_BOUND + 1 : n < -TAEL__GUIDE_BOUND ? -TAEL__GUIDE_BOUND - 1 : n;
    }
    double exact = json_number_value(value) * pow(10, decimals), near = nearbyint(exact);
    if (fabs(exact - near) > 1e-3) near = up ? ceil(exact) : floor(exact); /* 0.29 * 10^6 isn't quite whole */
    return near > 1e18 ? TAEL__GUIDE_BOUND + 1 : near < -1e18 ? -TAEL__GUIDE_BOUND - 1 : (int64_t)near;
}

static tael_status read_bound(const compiler *c, const json_t *schema, const char *keyword, int decimals, bool least,
                              int64_t *bound, bool *given)
{
    const json_t *value = json_object_get(schema, keyword);
    if (!value) return TAEL_OK;
    if (!json_is_number(value)) return bad(c, keyword);
    int64_t n = scaled(value, decimals, least);
    if (strncmp(keyword, "exclusive", 9) == 0) {
        double back = (double)n / pow(10, decimals), limit = json_number_value(value);
        if (json_is_integer(value) || back == limit) n += least ? 1 : -1;
    }
    if (least ? n > *bound : n < *bound) *bound = n;
    *given = true;
    return TAEL_OK;
}

static tael_status compile_number(compiler *c, uint32_t node, const json_t *schema, bool integer)
{
    int decimals = integer ? 0 : TAEL__GUIDE_SCALE;
    int64_t least = -TAEL__GUIDE_BOUND, most = TAEL__GUIDE_BOUND;
    bool given = integer;
    TAEL_TRY(read_bound(c, schema, "minimum", decimals, true, &least, &given));
    TAEL_TRY(read_bound(c, schema, "exclusiveMinimum", decimals, true, &least, &given));
    TAEL_TRY(read_bound(c, schema, "maximum", decimals, false, &most, &given));
    TAEL_TRY(read_bound(c, schema, "exclusiveMaximum", decimals, false, &most, &given));
    if (least > most || least > TAEL__GUIDE_BOUND || most < -TAEL__GUIDE_BOUND)
        return impossible(c, "minimum, maximum");
    tael__node *n = TAEL__PLAN_NODE(c->plan, node);
    *n = (tael__node){.shape = given ? TAEL__SHAPE_BOUNDED : TAEL__SHAPE_NUMBER,
                      .decimals = (uint8_t)decimals,
                      .least = least,
                      .most = most};
    return TAEL_OK;
}

/* ---- Containers ---- */

static tael_status set_alternatives(compiler *c, uint32_t node, const uint32_t *all, size_t count)
{
    uint32_t first = (uint32_t)(c->plan->alternatives.size / sizeof *all);
    TAEL_TRY(tael__buffer_append(&c->plan->alternatives, all, count * sizeof *all));
    *TAEL__PLAN_NODE(c->plan, node) = (tael__node){
        .shape = TAEL__SHAPE_ANY_OF, .height = TAEL__GUIDE_ENDLESS, .first = first, .count = (uint32_t)count};
    return TAEL_OK;
}

/* An object with any names, whose values fit node `value`. */
static tael_status set_map(compiler *c, uint32_t node, uint32_t value)
{
    uint32_t names;
    TAEL_TRY(new_node(c, &names));
    *TAEL__PLAN_NODE(c->plan, names) = (tael__node){.shape = TAEL__SHAPE_STRING, .most = TAEL__GUIDE_NAME_MOST};
    *TAEL__PLAN_NODE(c->plan, node) =
        (tael__node){.shape = TAEL__SHAPE_MAP, .height = 1, .first = names, .items = value};
    return TAEL_OK;
}

/* The node of any JSON value, which refers to itself; made once. */
static tael_status compile_any(compiler *c, uint32_t *node)
{
    enum { MAP, ARRAY, STRING, NUMBER, BOOLEAN, NOTHING, KINDS };
    uint32_t all[KINDS];
    if (!c->any) {
        uint32_t any;
        TAEL_TRY(new_node(c, &any));
        for (int i = 0; i < KINDS; i++) TAEL_TRY(new_node(c, &all[i]));
        TAEL_TRY(set_map(c, all[MAP], any));
        *TAEL__PLAN_NODE(c->plan, all[ARRAY]) =
            (tael__node){.shape = TAEL__SHAPE_ARRAY, .height = 1, .items = any, .most = TAEL__GUIDE_ITEMS_MOST};
        *TAEL__PLAN_NODE(c->plan, all[STRING]) =
            (tael__node){.shape = TAEL__SHAPE_STRING, .most = TAEL__GUIDE_STRING_MOST};
        *TAEL__PLAN_NODE(c->plan, all[NUMBER]) = (tael__node){.shape = TAEL__SHAPE_NUMBER};
        TAEL_TRY(compile_word(c, all[BOOLEAN], "true", "false"));
        TAEL_TRY(compile_word(c, all[NOTHING], "null", NULL));
        TAEL_TRY(set_alternatives(c, any, all, KINDS));
        c->any = any;
    }
    *node = c->any;
    return TAEL_OK;
}

/* Without named properties, what additionalProperties says of the others. */
static tael_status compile_map(compiler *c, uint32_t node, const json_t *values)
{
    uint32_t value;
    TAEL_TRY(compile_child(c, &value, values, "additionalProperties", NULL));
    return set_map(c, node, value);
}

static tael_status compile_array(compiler *c, uint32_t node, const json_t *schema)
{
    const json_t *items = json_object_get(schema, "items");
    int64_t least, most;
    uint32_t item = 0;
    TAEL_TRY(read_count(c, schema, "minItems", 0, &least));
    TAEL_TRY(read_count(c, schema, "maxItems", least > TAEL__GUIDE_ITEMS_MOST ? least : TAEL__GUIDE_ITEMS_MOST, &most));
    if (least > most) return impossible(c, "minItems");
    if (!items && most > 0) TAEL_TRY(compile_any(c, &item));
    if (items && most > 0) TAEL_TRY(compile_child(c, &item, items, "items", NULL));
    uint16_t height = most > 0 ? TAEL__GUIDE_ENDLESS : 1; /* found later, when the item's is known */
    tael__node *n = TAEL__PLAN_NODE(c->plan, node);
    *n = (tael__node){.shape = TAEL__SHAPE_ARRAY, .height = height, .items = item, .least = least, .most = most};
    return TAEL_OK;
}

static bool is_required(const json_t *required, const char *name)
{
    size_t i;
    const json_t *one;
    json_array_foreach(required, i,
                       one) if (json_is_string(one) && strcmp(json_string_value(one), name) == 0) return true;
    return false;
}

static tael_status check_required(const compiler *c, const json_t *required, const json_t *properties)
{
    size_t i;
    const json_t *one;
    if (!required) return TAEL_OK;
    if (!json_is_array(required)) return bad(c, "required");
    if (json_array_size(required) > json_object_size(properties))
        return unsupported(c, TAEL_SAY("a required name that properties lacks", "properties 中没有的 required 名称"));
    json_array_foreach(required, i, one)
    {
        if (!json_is_string(one)) return bad(c, "required");
        if (!json_object_get(properties, json_string_value(one)))
            return unsupported(c,
                               TAEL_SAY("a required name that properties lacks", "properties 中没有的 required 名称"));
    }
    return TAEL_OK;
}

static tael_status compile_property(compiler *c, tael__property *out, const char *name, const json_t *schema)
{
    json_t *text = json_string(name);
    char *key = text ? compact(text) : NULL;
    json_decref(text);
    if (!key) return out_of_memory();
    tael_status status = add_text(c, key, strlen(key), ":", &out->key);
    free(key);
    if (status == TAEL_OK) status = compile_child(c, &out->value, schema, "properties", name);
    return status;
}

static tael_status compile_object(compiler *c, uint32_t node, json_t *schema)
{
    json_t *properties = json_object_get(schema, "properties"), *required = json_object_get(schema, "required"), *value;
    size_t count = json_object_size(properties);
    const char *name;
    if (properties && !json_is_object(properties)) return bad(c, "properties");
    TAEL_TRY(check_required(c, required, properties));
    const json_t *others = json_object_get(schema, "additionalProperties");
    if (count == 0 && others && !json_is_false(others)) return compile_map(c, node, others);
    if (count > TAEL__GUIDE_NODES) return too_large(c);
    tael__property *all = tael__alloc_array(count + 1, sizeof *all);
    tael_status status = all ? TAEL_OK : out_of_memory();
    uint32_t n = 0, ends = 0;
    json_object_foreach(properties, name, value)
    {
        if (status != TAEL_OK) break;
        all[n].required = is_required(required, name);
        status = compile_property(c, &all[n], name, value);
        n++;
        if (all[n - 1].required) ends = n;
    }
    for (uint32_t i = n; i-- > 0;) all[i].until = all[i].required || i + 1 == n ? i : all[i + 1].until;
    uint32_t first = (uint32_t)(c->plan->properties.size / sizeof *all);
    if (status == TAEL_OK) status = tael__buffer_append(&c->plan->properties, all, n * sizeof *all);
    tael__free(all);
    if (status != TAEL_OK) return status;
    *TAEL__PLAN_NODE(c->plan, node) = (tael__node){
        .shape = TAEL__SHAPE_OBJECT, .height = TAEL__GUIDE_ENDLESS, .first = first, .count = n, .items = ends};
    return TAEL_OK;
}

/* ---- Alternatives and references ---- */

static tael_status compile_any_of(compiler *c, uint32_t node, const json_t *list)
{
    uint32_t all[TAEL__GUIDE_THREADS];
    size_t count = json_array_size(list);
    char step[32];
    if (!json_is_array(list) || count == 0) return bad(c, "anyOf");
    if (count > TAEL__GUIDE_THREADS) return too_large(c);
    for (size_t i = 0; i < count; i++) {
        snprintf(step, sizeof step, "%zu", i);
        TAEL_TRY(compile_child(c, &all[i], json_array_get(list, i), "anyOf", step));
    }
    return set_alternatives(c, node, all, count);
}

/* One step of a JSON pointer (RFC 6901, after the percent-decoding of RFC 3986): writes its name, returns what follows.
 */
static const char *pointer_step(const char *p, char *name, size_t cap)
{
    size_t n = 0;
    for (p++; *p && *p != '/'; p++) {
        char ch = *p;
        unsigned byte;
        if (ch == '%' && sscanf(p + 1, "%2x", &byte) == 1 && p[2]) {
            ch = (char)byte;
            p += 2;
        }
        if (ch == '~' && (p[1] == '0' || p[1] == '1')) ch = *++p == '0' ? '~' : '/';
        if (n + 1 >= cap) return NULL;
        name[n++] = ch;
    }
    name[n] = '\0';
    return p;
}

static json_t *resolve(json_t *root, const char *reference)
{
    char name[256];
    if (*reference != '#') return NULL;
    const char *p = reference + 1;
    json_t *at = root;
    while (p && *p == '/' && at) {
        p = pointer_step(p, name, sizeof name);
        if (json_is_array(at))
            at = name[0] >= '0' && name[0] <= '9' ? json_array_get(at, (size_t)strtoul(name, NULL, 10)) : NULL;
        else
            at = json_object_get(at, name);
    }
    return p && *p == '\0' ? at : NULL;
}

static tael_status compile_reference(compiler *c, uint32_t node, const json_t *reference)
{
    if (!json_is_string(reference)) return bad(c, "$ref");
    json_t *schema = resolve(c->root, json_string_value(reference));
    if (!schema) return unsupported(c, TAEL_SAY("a $ref to what isn't in this schema", "指向模式之外的 $ref"));
    const known *all = (const known *)(const void *)c->knowns.data;
    for (size_t i = 0; i < c->knowns.size / sizeof *all; i++)
        if (all[i].schema == schema) return set_alternatives(c, node, &all[i].node, 1);
    known one = {schema, 0};
    TAEL_TRY(new_node(c, &one.node));
    TAEL_TRY(tael__buffer_append(&c->knowns, &one, sizeof one)); /* before it is compiled: it may refer to itself */
    if (c->depth >= TAEL__MAX_JSON_DEPTH) return too_large(c);
    c->depth++;
    TAEL_TRY(compile_into(c, one.node, schema));
    c->depth--;
    return set_alternatives(c, node, &one.node, 1);
}

/* ---- A schema ---- */

static int type_named(const json_t *name)
{
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (json_is_string(name) && strcmp(json_string_value(name), types[i].name) == 0) return types[i].type;
    return 0;
}

/* The types that the schema allows; 0 in *out when it doesn't say. */
static tael_status read_types(const compiler *c, const json_t *schema, int *out)
{
    const json_t *type = json_object_get(schema, "type"), *one;
    size_t i;
    *out = 0;
    if (json_is_array(type)) {
        json_array_foreach(type, i, one)
        {
            if (!type_named(one)) return bad(c, "type");
            *out |= type_named(one);
        }
    } else if (type) {
        *out = type_named(type);
    } else if (json_object_get(schema, "properties")) {
        *out = OF_OBJECT;
    } else if (json_object_get(schema, "items")) {
        *out = OF_ARRAY;
    }
    return type && !*out ? bad(c, "type") : TAEL_OK;
}

/* Every keyword is known; and beside enum, const, anyOf and $ref stands nothing that narrows further. */
static tael_status check_keywords(const compiler *c, json_t *schema)
{
    const char *key, *whole = NULL;
    json_t *value;
    static const char *const wholes[] = {"$ref", "anyOf", "const", "enum"};
    for (size_t i = 0; i < 4 && !whole; i++)
        if (json_object_get(schema, wholes[i])) whole = wholes[i];
    json_object_foreach(schema, key, value)
    {
        size_t i = 0, count = sizeof keywords / sizeof keywords[0];
        while (i < count && strcmp(keywords[i].name, key) != 0) i++;
        bool harmless = strcmp(key, "uniqueItems") == 0 && json_is_false(value);
        if (i == count && !harmless) return unsupported(c, key);
        if (i == count || keywords[i].note || !whole || strcmp(key, whole) == 0) continue;
        if (strcmp(key, "type") == 0 && (strcmp(whole, "enum") == 0 || strcmp(whole, "const") == 0)) continue;
        return unsupported(c, key);
    }
    return TAEL_OK;
}

/* Does the schema say nothing of what fits? */
static bool says_nothing(json_t *schema)
{
    const char *key;
    json_t *value;
    json_object_foreach(schema, key, value)
    {
        for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++)
            if (strcmp(keywords[i].name, key) == 0 && !keywords[i].note) return false;
    }
    return true;
}

static tael_status compile_any_value(compiler *c, uint32_t node)
{
    uint32_t any;
    TAEL_TRY(compile_any(c, &any));
    return set_alternatives(c, node, &any, 1);
}

static tael_status compile_type(compiler *c, uint32_t node, json_t *schema, int type)
{
    switch (type) {
    case OF_OBJECT: return compile_object(c, node, schema);
    case OF_ARRAY: return compile_array(c, node, schema);
    case OF_STRING: return compile_string(c, node, schema);
    case OF_INTEGER: return compile_number(c, node, schema, true);
    case OF_NUMBER: return compile_number(c, node, schema, false);
    case OF_BOOLEAN: return compile_word(c, node, "true", "false");
    default: return compile_word(c, node, "null", NULL);
    }
}

static tael_status compile_into(compiler *c, uint32_t node, const json_t *constant_schema)
{
    json_t *schema = (json_t *)(uintptr_t)constant_schema; /* jansson's iterators ask for it; nothing is changed */
    int allowed;
    if (!json_is_object(schema)) {
        if (json_is_true(schema)) return compile_any_value(c, node);
        if (json_is_false(schema)) return impossible(c, "false");
        return bad(c, TAEL_SAY("what stands there", "此处的内容"));
    }
    TAEL_TRY(check_keywords(c, schema));
    TAEL_TRY(read_types(c, schema, &allowed));
    json_t *values = json_object_get(schema, "enum"), *one = json_object_get(schema, "const");
    if (json_object_get(schema, "$ref")) return compile_reference(c, node, json_object_get(schema, "$ref"));
    if (json_object_get(schema, "anyOf")) return compile_any_of(c, node, json_object_get(schema, "anyOf"));
    if (values && !one && !json_is_array(values)) return bad(c, "enum");
    if (values || one) return compile_values(c, node, values, one, allowed ? allowed : ~0);
    if (!allowed && says_nothing(schema)) return compile_any_value(c, node);
    if (!allowed) return unsupported(c, TAEL_SAY("a value without a type", "没有 type 的值"));
    if ((allowed & (allowed - 1)) == 0) return compile_type(c, node, schema, allowed);
    uint32_t all[8], count = 0;
    for (int type = 1; type <= OF_NULL; type <<= 1) {
        if (!(allowed & type)) continue;
        TAEL_TRY(new_node(c, &all[count]));
        TAEL_TRY(compile_type(c, all[count], schema, type));
        count++;
    }
    return set_alternatives(c, node, all, count);
}

static tael_status load(json_t **out, const char *schema)
{
    json_error_t error;
    size_t bytes = strlen(schema);
    if (bytes > TAEL__MAX_JSON_BYTES)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("schema: %zu bytes; make it shorter than %zu", "模式：%zu 字节；请短于 %zu"), bytes,
                          TAEL__MAX_JSON_BYTES);
    *out = json_loadb(schema, bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (*out) return TAEL_OK;
    if (json_error_code(&error) == json_error_out_of_memory) return out_of_memory();
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("schema: not JSON at line %d, column %d; correct it", "模式：第 %d 行第 %d 列不是 JSON；请更正"),
        error.line, error.column);
}

tael_status tael__plan_compile(tael__plan *plan, const char *schema)
{
    size_t most = (size_t)1 << 27;
    *plan = (tael__plan){.nodes = {.max = most},
                         .texts = {.max = most},
                         .properties = {.max = most},
                         .alternatives = {.max = most},
                         .bytes = {.max = most}};
    compiler c = {.plan = plan, .knowns = {.max = most}, .path = "#"};
    TAEL_TRY(load(&c.root, schema));
    known root = {c.root, 0};
    tael_status status = new_node(&c, &plan->root);
    if (status == TAEL_OK) status = tael__buffer_append(&c.knowns, &root, sizeof root);
    if (status == TAEL_OK) status = compile_into(&c, plan->root, c.root);
    if (status == TAEL_OK) status = tael__plan_finish(plan);
    if (status != TAEL_OK) tael__plan_free(plan);
    tael__buffer_free(&c.knowns);
    json_decref(c.root);
    return status;
}
