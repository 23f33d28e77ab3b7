// SPDX-License-Identifier: Apache-2.0
// A compound file is sectors of one size and a table that chains them, as FAT does. Whatever the tables say, a chain
// has at most as many sectors as the file: so none is followed for ever, and none becomes larger than the file.
#include "ledger/import/ole.h"

#include <string.h>

#include "ledger/import/xml.h"

#define HEADER_BYTES      512
#define HEADER_TABLES     109 /* sectors of the table that the header itself names */
#define ENTRY_BYTES       128
#define MINI_BYTES        64
#define NO_SECTOR         0xFFFFFFFAu /* this and above: the end of a chain, a free one, one of the table itself */
#define ENTRY_STREAM      2
#define ENTRY_ROOT        5
#define ENTRY_NAME_LENGTH 64
#define ENTRY_TYPE        66
#define ENTRY_START       116
#define ENTRY_SIZE        120

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) | get16(at + 2) << 16;
}

static tael_status fail_corrupt(const tael__ole *ole)
{
    return tael__fail_part(ole->file, "OLE");
}

/* The sector's bytes that the file has: the last one may be cut. */
static size_t sector_at(const tael__ole *ole, uint32_t sector, const uint8_t **data)
{
    size_t start = ((size_t)sector + 1) * ole->sector_bytes;
    if (sector >= ole->sector_count) return 0;
    *data = ole->data + start;
    return ole->bytes - start < ole->sector_bytes ? ole->bytes - start : ole->sector_bytes;
}

/* A chain's bytes, at most `most` of them; *out is the caller's. */
static tael_status read_chain(const tael__ole *ole, uint32_t sector, size_t most, char **out, size_t *out_bytes)
{
    tael__buffer b = {.max = ole->bytes + 1};
    tael_status status = TAEL_OK;
    for (size_t steps = 0; sector < NO_SECTOR && b.size < most && status == TAEL_OK; steps++) {
        const uint8_t *data = NULL;
        size_t n = sector_at(ole, sector, &data), left = most - b.size;
        if (n == 0 || steps >= ole->sector_count || sector >= ole->next_count)
            status = fail_corrupt(ole);
        else
            status = tael__buffer_append(&b, data, n < left ? n : left);
        if (status == TAEL_OK) sector = ole->next[sector];
    }
    *out_bytes = b.size;
    if (status == TAEL_OK && b.size == 0) status = tael__buffer_append(&b, "", 0);
    *out = status == TAEL_OK ? tael__buffer_take(&b) : NULL;
    tael__buffer_free(&b);
    return status == TAEL_OK && !*out ? TAEL_NO_MEMORY : status;
}

static tael_status read_mini_chain(const tael__ole *ole, uint32_t sector, size_t most, char **out, size_t *out_bytes)
{
    tael__buffer b = {.max = ole->bytes + 1};
    tael_status status = TAEL_OK;
    for (size_t steps = 0; sector < NO_SECTOR && b.size < most && status == TAEL_OK; steps++) {
        size_t start = (size_t)sector * MINI_BYTES, left = most - b.size;
        if (start >= ole->mini_bytes || sector >= ole->mini_count || steps >= ole->mini_count) {
            status = fail_corrupt(ole);
            break;
        }
        size_t n = ole->mini_bytes - start < MINI_BYTES ? ole->mini_bytes - start : MINI_BYTES;
        status = tael__buffer_append(&b, ole->mini + start, n < left ? n : left);
        sector = ole->mini_next[sector];
    }
    *out_bytes = b.size;
    if (status == TAEL_OK && b.size == 0) status = tael__buffer_append(&b, "", 0);
    *out = status == TAEL_OK ? tael__buffer_take(&b) : NULL;
    tael__buffer_free(&b);
    return status == TAEL_OK && !*out ? TAEL_NO_MEMORY : status;
}

/* ---- The tables ---- */

/* The table's own sector, appended to the table; what lies past the file's end is left out. */
static tael_status add_table(tael__ole *ole, uint32_t sector)
{
    const uint8_t *data = NULL;
    size_t n = sector_at(ole, sector, &data);
    if (n == 0) return fail_corrupt(ole);
    for (size_t i = 0; i + 4 <= n && ole->next_count < ole->sector_count; i += 4)
        ole->next[ole->next_count++] = get32(data + i);
    return TAEL_OK;
}

/* Which sectors hold the table: 109 in the header, the rest in a chain whose sectors end with the next one's number. */
static tael_status read_table(tael__ole *ole)
{
    const uint8_t *head = ole->data;
    uint32_t list = get32(head + 68), each = ole->sector_bytes / 4 - 1;
    ole->next = tael__alloc_array(ole->sector_count + 1, sizeof *ole->next);
    if (!ole->next) return tael__fail_memory(ole->file, ole->sector_count * sizeof *ole->next);
    for (int i = 0; i < HEADER_TABLES; i++) {
        uint32_t sector = get32(head + 76 + 4 * i);
        if (sector < NO_SECTOR) TAEL_TRY(add_table(ole, sector));
    }
    for (uint32_t steps = 0; list < NO_SECTOR; steps++) {
        const uint8_t *data = NULL;
        if (steps >= ole->sector_count || sector_at(ole, list, &data) < ole->sector_bytes) return fail_corrupt(ole);
        for (uint32_t i = 0; i < each && ole->next_count < ole->sector_count; i++)
            if (get32(data + 4 * i) < NO_SECTOR) TAEL_TRY(add_table(ole, get32(data + 4 * i)));
        list = get32(data + 4 * each);
    }
    return TAEL_OK;
}

static tael_status read_mini_table(tael__ole *ole)
{
    char *bytes;
    size_t n;
    TAEL_TRY(read_chain(ole, get32(ole->data + 60), SIZE_MAX, &bytes, &n));
    ole->mini_next = tael__alloc_array(n / 4 + 1, sizeof *ole->mini_next);
    if (ole->mini_next)
        for (; ole->mini_count < n / 4; ole->mini_count++)
            ole->mini_next[ole->mini_count] = get32((const uint8_t *)bytes + 4 * ole->mini_count);
    tael__free(bytes);
    return ole->mini_next ? TAEL_OK : tael__fail_memory(ole->file, n);
}

/* ---- The directory ---- */

static bool has_name(const uint8_t *entry, const char *name)
{
    size_t n = strlen(name);
    if (get16(entry + ENTRY_NAME_LENGTH) != 2 * n + 2 || 2 * n + 2 > ENTRY_NAME_LENGTH) return false;
    for (size_t i = 0; i < n; i++)
        if (get16(entry + 2 * i) != (unsigned char)name[i]) return false;
    return true;
}

/* The first entry of that kind (and name, if it isn't NULL). Its sorted tree isn't needed: directories are short. */
static tael_status find_entry(const tael__ole *ole, uint8_t type, const char *name, bool *found, uint32_t *start,
                              uint32_t *size)
{
    char *entries;
    size_t bytes;
    *found = false;
    TAEL_TRY(read_chain(ole, ole->directory, SIZE_MAX, &entries, &bytes));
    for (size_t at = 0; at + ENTRY_BYTES <= bytes && !*found; at += ENTRY_BYTES) {
        const uint8_t *entry = (const uint8_t *)entries + at;
        if (entry[ENTRY_TYPE] != type || (name && !has_name(entry, name))) continue;
        *found = true;
        *start = get32(entry + ENTRY_START);
        *size = get32(entry + ENTRY_SIZE);
    }
    tael__free(entries);
    return TAEL_OK;
}

/* ---- The whole ---- */

bool tael__ole_like(const char *data, size_t bytes)
{
    return bytes >= 8 && memcmp(data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0;
}

static tael_status open_parts(tael__ole *ole)
{
    bool found;
    uint32_t start = 0, size = 0;
    TAEL_TRY(read_table(ole));
    TAEL_TRY(find_entry(ole, ENTRY_ROOT, NULL, &found, &start, &size));
    if (!found) return fail_corrupt(ole);
    TAEL_TRY(read_mini_table(ole));
    return read_chain(ole, start, size, &ole->mini, &ole->mini_bytes);
}

tael_status tael__ole_open(tael__ole *ole, const char *file, const char *data, size_t bytes)
{
    *ole = (tael__ole){.file = file, .data = (const uint8_t *)data, .bytes = bytes};
    uint32_t shift = bytes >= HEADER_BYTES ? get16(ole->data + 30) : 0;
    if (shift != 9 && shift != 12) return fail_corrupt(ole); /* the two that the specification has */
    ole->sector_bytes = 1u << shift;
    if (bytes <= ole->sector_bytes || bytes > UINT32_MAX) return fail_corrupt(ole);
    ole->sector_count = (uint32_t)((bytes - 1) / ole->sector_bytes);
    ole->directory = get32(ole->data + 48);
    ole->mini_cutoff = get32(ole->data + 56);
    tael_status status = open_parts(ole);
    if (status != TAEL_OK) tael__ole_close(ole);
    return status;
}

void tael__ole_close(tael__ole *ole)
{
    tael__free(ole->next);
    tael__free(ole->mini_next);
    tael__free(ole->mini);
    *ole = (tael__ole){0};
}

tael_status tael__ole_read(const tael__ole *ole, const char *name, char **out, size_t *out_bytes)
{
    bool found;
    uint32_t start = 0, size = 0;
    *out = NULL;
    *out_bytes = 0;
    TAEL_TRY(find_entry(ole, ENTRY_STREAM, name, &found, &start, &size));
    if (!found) return TAEL_OK;
    TAEL_TRY(size < ole->mini_cutoff ? read_mini_chain(ole, start, size, out, out_bytes)
                                     : read_chain(ole, start, size, out, out_bytes));
    if (*out_bytes == size) return TAEL_OK;
    tael__free(*out);
    *out = NULL;
    return fail_corrupt(ole); /* cut: half a bill would count as a whole one */
}
