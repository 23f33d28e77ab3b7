// SPDX-License-Identifier: Apache-2.0
/* Every queue, line, header, recursion and buffer has an end. Each limit stands here with its reason. */
#ifndef TAEL__BASE_LIMITS_H
#define TAEL__BASE_LIMITS_H

#define TAEL__MAX_ERROR_BYTES     1024              /* a sentence that a person reads */
#define TAEL__MAX_PATH_BYTES      4096              /* PATH_MAX of Linux */
#define TAEL__MAX_THREADS         64                /* more than any phone; the pool's arrays are sized by it */
#define TAEL__MAX_TEXT_FILE_BYTES ((size_t)1 << 28) /* a bill or a text is read whole: 256 MiB is 2.5 million rows */
#define TAEL__MAX_JSON_BYTES      ((size_t)1 << 24) /* schemas, catalogues, replies */
#define TAEL__MAX_JSON_DEPTH      64                /* recursion over a schema or a template value */

/* GGUF: a hostile header must not make us allocate beyond the file's own size class. */
#define TAEL__MAX_GGUF_KEYS    65536 /* real files hold 20 to 60 */
#define TAEL__MAX_GGUF_TENSORS 65536 /* the largest open models hold about 2,000 */
#define TAEL__MAX_GGUF_NAME    256   /* ggml's own limit is 64; keys may be longer */
#define TAEL__MAX_GGUF_DIMS    4
#define TAEL__MAX_VOCAB        (1u << 20) /* Qwen has 151,936, Gemma 262,144 */
#define TAEL__MAX_TOKEN_BYTES  4096       /* the longest token of Qwen has 128 */
#define TAEL__MAX_LAYERS       512
#define TAEL__MAX_WIDTH        (1u << 20) /* of embedding and feed-forward; 405B models have 16,384 and 53,248 */
#define TAEL__MAX_HEADS        1024       /* 405B models have 128 */
#define TAEL__MAX_HEAD_SIZE    1024       /* 64 to 256 are usual */
#define TAEL__MAX_EXPERTS      1024       /* of a layer; 128 to 512 are usual */
#define TAEL__MAX_CONVOLUTION  64         /* tokens that a delta net mixes; 4 is usual */
#define TAEL__MAX_CONTEXT      (1u << 20) /* tokens; what memory allows is checked besides */
#define TAEL__MAX_SEQUENCES    1024       /* of one context */
#define TAEL__MAX_PROMPT_BYTES ((size_t)1 << 24)
#define TAEL__MAX_STOPS        16 /* OpenAI allows 4 */
#define TAEL__MAX_STOP_BYTES   256

/* The catalogue and downloads. */
#define TAEL__MAX_MODEL_BYTES     ((uint64_t)1 << 40) /* a terabyte: a wrong figure, not a model of a phone */
#define TAEL__MAX_PACKAGES        999                 /* parts of one model */
#define TAEL__MAX_HUB_REPLY_BYTES ((size_t)4 << 20)   /* a repository's list of files */

/* Bills. */
#define TAEL__MAX_CSV_FIELDS     64    /* the widest known header has 17 */
#define TAEL__MAX_CSV_LINE_BYTES 65536 /* the longest seen row has under 1,000 */
#define TAEL__MAX_PREAMBLE_LINES 200   /* lines before the header; 25 are known */
#define TAEL__MAX_FIELD_BYTES    2048  /* a merchant's name or an item, after decoding */
#define TAEL__MAX_SKIPPED_SHOWN  1000  /* skipped rows that a report names one by one */

/* What is bought next. */
#define TAEL__MAX_NEXT_IDS    ((size_t)1 << 20) /* items, and owners; a large shop has 100,000 */
#define TAEL__MAX_NEXT_BOUGHT ((size_t)1 << 24) /* items in all baskets: 5 years of one owner are about 40,000 */
#define TAEL__MAX_NEXT_BASKET ((size_t)1 << 16) /* items of one; the largest wholesale invoice seen has 1,114 */
#define TAEL__MAX_NEXT_DAY    4000000           /* 10,000 years either way, so that differences fit */
#define TAEL__MAX_NEXT_ROWS   (1u << 23)        /* candidates to learn from: 1.2 GB, for a partner's population */
#define TAEL__MAX_NEXT_EPOCHS 1000
#define TAEL__MAX_NEXT_FILE   ((size_t)1 << 28) /* a starting model; 12,000 items take 2 MB */

/* What the next weeks will bring. */
#define TAEL__MAX_SERIES       ((size_t)1 << 20) /* customers; one owner has 20 categories */
#define TAEL__MAX_SERIES_WEEKS ((size_t)1 << 26) /* of all: half a gigabyte; a year of 10,000 customers is 520,000 */
#define TAEL__MAX_WEEKS_AHEAD  32                /* gaps between purchases are told apart as far */
#define TAEL__MAX_SERIES_ROWS  (1u << 23)        /* weeks to learn from: 1.1 GB, for a partner's population */

/* Zips and workbooks that hold bills. */
#define TAEL__MAX_UNPACKED_BYTES  ((uint64_t)1 << 28) /* in all, as a bill alone may have; bombs end here */
#define TAEL__MAX_ZIP_MEMBERS     4096                /* a mailed zip holds one or two, a workbook about 20 */
#define TAEL__MAX_XML_DEPTH       64                  /* a cell's text is 7 deep */
#define TAEL__MAX_XML_TOKEN_BYTES ((size_t)1 << 18)   /* one tag: expat keeps it whole and reads it again */
#define TAEL__MAX_SHEETS          256                 /* of a workbook; bills have 1 to 4 */
#define TAEL__MAX_SHEET_ROWS      (1u << 20)          /* Excel's own */
#define TAEL__MAX_SHEET_COLUMNS   (1u << 14)          /* Excel's own, XFD; TAEL__MAX_CSV_FIELDS are kept */
#define TAEL__MAX_SHEET_CELLS     (1u << 24)          /* a row of a bill has 11 to 17 */
#define TAEL__MAX_SHARED_STRINGS  (1u << 22)          /* a row of a bill brings about 5 new ones */
#define TAEL__MAX_CELL_STYLES     65536               /* Excel allows 65,490 */
#define TAEL__MAX_NUMBER_FORMATS  1024                /* of the workbook's own; Excel allows about 250 */

/* Serving: what one client may take from the others. */
#define TAEL__MAX_SERVE_CONNECTIONS     12288 /* 10,000 idle ones must fit; the process's own limit may be less */
#define TAEL__MAX_SERVE_HEADER_BYTES    8192  /* of a request; a connection keeps as much while it idles */
#define TAEL__MAX_SERVE_BODY_BYTES      ((size_t)4 << 20)  /* the longest prompt of 128k tokens has 600 KB */
#define TAEL__MAX_SERVE_FILE_BYTES      ((size_t)64 << 20) /* a bill that the page sends */
#define TAEL__MAX_SERVE_ERRAND_SECONDS  86400 /* what the page asked for: a model may be fetched over a slow line */
#define TAEL__MAX_SERVE_BODIES_BYTES    ((size_t)1 << 27) /* of all requests that are being read */
#define TAEL__MAX_SERVE_VALUES          (1u << 18) /* JSON values of a body: each takes some 80 bytes once parsed */
#define TAEL__MAX_SERVE_REQUEST_SECONDS 30         /* from a request's first byte to its last: slow senders end here */
#define TAEL__MAX_SERVE_IDLE_SECONDS    75         /* a connection between requests */
#define TAEL__MAX_SERVE_QUEUE           256        /* generations that wait; then 429 */
#define TAEL__MAX_SERVE_PARALLEL        256        /* generations at once, as tael_batch has it */
#define TAEL__MAX_SERVE_CHOICES         16         /* generations of one request: n, or a list of prompts */
#define TAEL__MAX_SERVE_INPUTS          2048       /* texts of one embeddings request, as OpenAI allows */
#define TAEL__MAX_SERVE_MESSAGES        4096       /* of a chat; the context is full long before */
#define TAEL__MAX_SERVE_SCHEMA_BYTES    65536      /* compiled between two steps, while others wait */
#define TAEL__MAX_SERVE_KEYS            1024       /* lines of a key file */
#define TAEL__MAX_SERVE_KEY_BYTES       256
#define TAEL__MAX_MCP_MESSAGE_BYTES     ((size_t)1 << 20) /* a question has 2,000; what comes with it is small */
#define TAEL__MAX_MCP_SESSIONS          64                /* the least used one goes first: it initializes again */
#define TAEL__MAX_MCP_BATCH             32

/* Habits. */
#define TAEL__MAX_HABIT_RECORDS (1u << 20) /* the newest; 50 years of 50 payments a day */
#define TAEL__MAX_HABIT_NAMES   (1u << 28) /* bytes of all merchants' and items' names together */
#define TAEL__MAX_HABIT_SERIES  2048       /* payments of a merchant that a period is looked for in, the newest */
/* The next-item model. */
#define TAEL__MAX_SEQUENCE_ITEMS  (1u << 22) /* a shop's catalogue; at width 64 a gigabyte */
#define TAEL__MAX_SEQUENCE_WIDTH  1024       /* 64 is usual */
#define TAEL__MAX_SEQUENCE_LENGTH 1024       /* attention is quadratic in it; 50 is usual */
#define TAEL__MAX_SEQUENCE_BATCH  65536
#define TAEL__MAX_SEQUENCE_EPOCHS 100000

#endif
