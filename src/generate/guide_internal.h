// SPDX-License-Identifier: Apache-2.0
/* What the guide's files share: the compiled schema (a plan), the machine that follows a text through it byte by byte,
 * and the sorted vocabulary.
 *
 * A plan is an array of nodes. The machine is a set of threads, all ways to read the text so far; a thread is where it
 * is in one node, and the index of its parent, the container it stands in. Parents are shared and never change. */
#ifndef TAEL__GENERATE_GUIDE_INTERNAL_H
#define TAEL__GENERATE_GUIDE_INTERNAL_H

#include "base/limits.h"
#include "base/memory.h"
#include "generate/guide.h"

#define TAEL__GUIDE_NODES       16384      /* a schema made by hand has under 200 */
#define TAEL__GUIDE_THREADS     64         /* ways to read one text; the rest is dropped, what stays still fits */
#define TAEL__GUIDE_TOKEN_BYTES 256        /* longer tokens are never chosen; Qwen's longest has 128 */
#define TAEL__GUIDE_RECORDS     8192       /* 64 threads of depth 64, and as many again for one token */
#define TAEL__GUIDE_STRING_MOST 4096       /* characters of a string without maxLength */
#define TAEL__GUIDE_ITEMS_MOST  1024       /* items of an array without maxItems, and of an object with any names */
#define TAEL__GUIDE_NAME_MOST   128        /* characters of such a name */
#define TAEL__GUIDE_ENDLESS     UINT16_MAX /* height of a node that no finite value fits */
#define TAEL__GUIDE_SCALE       6          /* decimals of a number with bounds */
#define TAEL__GUIDE_BOUND       999999999999999999LL /* the most that 18 digits hold */

typedef enum tael__shape {
    TAEL__SHAPE_LITERALS,
    TAEL__SHAPE_STRING,
    TAEL__SHAPE_BOUNDED,
    TAEL__SHAPE_NUMBER,
    TAEL__SHAPE_ARRAY,
    TAEL__SHAPE_OBJECT,
    TAEL__SHAPE_MAP, /* an object with any names */
    TAEL__SHAPE_ANY_OF
} tael__shape;

typedef struct tael__node {
    uint8_t shape;
    uint8_t decimals;      /* BOUNDED: 0 for integers, else TAEL__GUIDE_SCALE */
    uint16_t height;       /* the least nesting of a value: 0 for a scalar */
    uint32_t first, count; /* LITERALS: texts, sorted; OBJECT: properties; ANY_OF: alternatives; MAP: the names' node */
    uint32_t items;        /* ARRAY, MAP: the node of a value; OBJECT: one past the last required property */
    int64_t least, most;   /* STRING: characters; ARRAY: items; BOUNDED: the value times 10^decimals */
} tael__node;

typedef struct tael__text {
    uint32_t offset, bytes; /* in the plan's bytes */
} tael__text;

typedef struct tael__property {
    tael__text key; /* with quotes and colon */
    uint32_t value; /* node */
    uint32_t until; /* the last property that may be written instead: the next required one, or the last */
    bool required;
} tael__property;

typedef struct tael__plan {
    tael__buffer nodes, texts, properties, alternatives,
        bytes; /* of tael__node, tael__text, tael__property, uint32_t, char */
    uint32_t root;
} tael__plan;

#define TAEL__PLAN_NODE(plan, i)     ((tael__node *)(void *)(plan)->nodes.data + (i))
#define TAEL__PLAN_TEXT(plan, i)     ((tael__text *)(void *)(plan)->texts.data + (i))
#define TAEL__PLAN_PROPERTY(plan, i) ((tael__property *)(void *)(plan)->properties.data + (i))
#define TAEL__PLAN_OTHER(plan, i)    ((uint32_t *)(void *)(plan)->alternatives.data + (i))

tael_status tael__plan_compile(tael__plan *plan, const char *schema);
tael_status tael__plan_finish(tael__plan *plan); /* flatten alternatives, find heights */
void tael__plan_free(tael__plan *plan);

/* Where one reading of the text is. No padding, so that threads are compared as bytes. */
typedef struct tael__thread {
    uint32_t node; /* TAEL__THREAD_ENDED when the whole value is complete */
    uint8_t phase; /* of the node's shape, see guide_step.c */
    uint8_t need, low,
        high;        /* STRING: continuation bytes to come and the range of the next; BOUNDED: low is the sign */
    uint32_t a, b;   /* counts and places, by shape */
    uint64_t value;  /* BOUNDED: digits so far */
    uint32_t parent; /* record of the container around it; 0: none */
    uint32_t depth;  /* containers around it */
} tael__thread;
_Static_assert(sizeof(tael__thread) == 32, "threads are compared as bytes");

#define TAEL__THREAD_ENDED UINT32_MAX

typedef struct tael__machine {
    const tael__plan *plan;
    tael__thread *records; /* owned: [TAEL__GUIDE_RECORDS]; record 0 is none */
    uint32_t *moved;       /* owned: for packing */
    uint32_t record_count;
} tael__machine;

typedef struct tael__threads {
    uint32_t count;
    tael__thread at[TAEL__GUIDE_THREADS];
} tael__threads;

tael_status tael__machine_open(tael__machine *m, const tael__plan *plan);
void tael__machine_close(tael__machine *m);
/* The threads before the first byte. Forgets all records. */
void tael__machine_start(tael__machine *m, tael__threads *out);
/* All ways to go on from from[0..count) with one more byte. */
void tael__machine_step(tael__machine *m, const tael__thread *from, uint32_t count, uint8_t byte, tael__threads *out);
bool tael__machine_may_end(const tael__machine *m, const tael__thread *at, uint32_t count);
/* Drop records that no thread needs any more, when there are many. */
void tael__machine_pack(tael__machine *m, tael__threads *live);

/* Is the thread between two characters of a string; how many more may come? */
bool tael__thread_in_string(const tael__machine *m, const tael__thread *t, uint32_t *left);

/* One byte inside a string. CLOSED: it was the closing quote. */
typedef enum tael__string_step { TAEL__STRING_NO, TAEL__STRING_ON, TAEL__STRING_CLOSED } tael__string_step;
tael__string_step tael__string_step_byte(tael__thread *t, uint8_t byte, int64_t least, int64_t most);
void tael__string_inside(tael__thread *t); /* set to just after the opening quote */
bool tael__string_clean(const tael__thread *t);

struct tael__guide_tokens {
    uint32_t count;      /* of ids */
    tael__slice *bytes;  /* owned: [count], of text tokens; else empty */
    uint8_t *characters; /* owned: [count]: characters that a token adds to a string it stays in; 255: it doesn't */
    int32_t *sorted, *quoted; /* owned: text tokens by their bytes; those of them that hold a string's closing quote */
    uint16_t *sorted_shared, *quoted_shared; /* owned: bytes shared with the one before */
    uint32_t sorted_count, quoted_count;
    uint32_t first_byte[257]; /* where in `sorted` the tokens that begin with a byte start */
    int32_t *ends;            /* owned: end tokens */
    uint32_t end_count, longest;
};

/* Set the bits of all tokens that may follow one thread. `room`: threads for TAEL__GUIDE_THREADS * (longest + 1). */
void tael__guide_walk(const tael__guide_tokens *t, tael__machine *m, const tael__thread *from, tael__thread *room,
                      uint64_t *bits);

#endif
