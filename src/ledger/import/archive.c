// SPDX-License-Identifier: Apache-2.0
// What can go wrong with a zip becomes a sentence here. The sizes that its headers state are looked at first and never
// believed: what counts is what came out.
#include "ledger/import/archive.h"

#include <string.h>
#include <zip.h>

#include "base/limits.h"

#define BLOCK_BYTES ((size_t)1 << 16)

bool tael__archive_like(const char *data, size_t bytes)
{
    return bytes >= 4 && (memcmp(data, "PK\3\4", 4) == 0 || memcmp(data, "PK\5\6", 4) == 0);
}

/* ---- Failures ---- */

tael_status tael__archive_fail_protected(const tael__archive *archive)
{
    return tael__fail(TAEL_BAD_KEY,
                      TAEL_SAY("%s: it is protected; give the password that Alipay or WeChat Pay sent to you as a "
                               "message in the app, with --password",
                               "%s：文件有密码；请用 --password 给出支付宝或微信支付在应用消息里发给你的解压密码"),
                      archive->file);
}

static tael_status fail_password(const tael__archive *archive)
{
    return tael__fail(TAEL_BAD_KEY,
                      TAEL_SAY("%s: the password doesn't open it; look up the one that came with this very file",
                               "%s：密码不正确；请核对与这个文件对应的解压密码"),
                      archive->file);
}

static tael_status fail_damaged(const tael__archive *archive)
{
    return tael__fail(TAEL_CORRUPT,
                      TAEL_SAY("%s: the zip is damaged or cut; fetch it again", "%s：压缩包已损坏或不完整；请重新获取"),
                      archive->file);
}

static tael_status fail_size(const tael__archive *archive)
{
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("%s: it unpacks to more than %llu bytes, which no bill has; import its files one by one",
                               "%s：解压后超过 %llu 字节，账单不会这么大；请逐个导入其中的文件"),
                      archive->file, (unsigned long long)TAEL__MAX_UNPACKED_BYTES);
}

/* libzip's code for a member or for the whole. ZipCrypto proves a password by one byte only, so one wrong password in a
 * hundred gets as far as nonsense; AES by two bytes and a hash of all, so nonsense there is damage. */
static tael_status fail_zip(const tael__archive *archive, int code, zip_uint16_t encryption)
{
    bool guessed = encryption == ZIP_EM_TRAD_PKWARE;
    switch (code) {
    case ZIP_ER_MEMORY: return tael__fail_memory("zip", 0);
    case ZIP_ER_NOPASSWD: return tael__archive_fail_protected(archive);
    case ZIP_ER_WRONGPASSWD: return fail_password(archive);
    case ZIP_ER_COMPNOTSUPP:
    case ZIP_ER_ENCRNOTSUPP:
    case ZIP_ER_MULTIDISK:
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: packed or protected in a way that Tael can't read; unpack it and import the "
                                   "files inside",
                                   "%s：压缩或加密方式不受支持；请解压后导入其中的文件"),
                          archive->file);
    default: return guessed ? fail_password(archive) : fail_damaged(archive);
    }
}

/* ---- Opening ---- */

tael_status tael__archive_open(tael__archive *archive, const char *file, const char *data, size_t bytes,
                               const char *password, uint64_t *left)
{
    zip_error_t error;
    *archive = (tael__archive){.file = file, .password = password && *password ? password : NULL, .left = left};
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(data, bytes, 0, &error);
    archive->zip = source ? zip_open_from_source(source, ZIP_RDONLY, &error) : NULL;
    int code = zip_error_code_zip(&error);
    zip_error_fini(&error);
    if (!archive->zip) {
        zip_source_free(source); /* an archive that opened owns it */
        return fail_zip(archive, code, ZIP_EM_NONE);
    }
    zip_int64_t members = zip_get_num_entries(archive->zip, 0);
    archive->members = members > 0 ? (uint64_t)members : 0;
    if (archive->members <= TAEL__MAX_ZIP_MEMBERS) return TAEL_OK;
    tael__archive_close(archive);
    return tael__fail(
        TAEL_LIMIT,
        TAEL_SAY("%s: it holds more than %d files; import the bill alone", "%s：其中超过 %d 个文件；请单独导入账单"),
        file, TAEL__MAX_ZIP_MEMBERS);
}

void tael__archive_close(tael__archive *archive)
{
    if (archive->zip) zip_discard(archive->zip);
    *archive = (tael__archive){0};
}

/* ---- Members ---- */

const char *tael__archive_name(tael__archive *archive, uint64_t member)
{
    const char *name = zip_get_name(archive->zip, member, ZIP_FL_ENC_RAW);
    return name ? name : "";
}

static zip_uint16_t encryption_of(tael__archive *archive, uint64_t member)
{
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat_index(archive->zip, member, 0, &stat) != 0) return ZIP_EM_NONE;
    return stat.valid & ZIP_STAT_ENCRYPTION_METHOD ? stat.encryption_method : ZIP_EM_NONE;
}

bool tael__archive_protected(tael__archive *archive, uint64_t member)
{
    return encryption_of(archive, member) != ZIP_EM_NONE;
}

static char folded(char c)
{
    if (c >= 'A' && c <= 'Z') return (char)(c - 'A' + 'a');
    return c == '\\' ? '/' : c;
}

bool tael__archive_find(tael__archive *archive, const char *path, uint64_t *member)
{
    for (uint64_t i = 0; i < archive->members; i++) {
        const char *name = tael__archive_name(archive, i);
        size_t n = 0;
        while (path[n] && folded(path[n]) == folded(name[n])) n++;
        if (path[n] || name[n]) continue;
        *member = i;
        return true;
    }
    return false;
}

static tael_status unpack(tael__archive *archive, zip_file_t *file, zip_uint16_t encryption, char *block,
                          tael__archive_block *each, void *user)
{
    for (;;) {
        zip_int64_t n = zip_fread(file, block, BLOCK_BYTES);
        if (n < 0) return fail_zip(archive, zip_error_code_zip(zip_file_get_error(file)), encryption);
        if (n == 0) return TAEL_OK;
        if ((uint64_t)n > *archive->left) return fail_size(archive);
        *archive->left -= (uint64_t)n;
        TAEL_TRY(each(block, (size_t)n, user));
    }
}

tael_status tael__archive_stream(tael__archive *archive, uint64_t member, tael__archive_block *each, void *user)
{
    zip_stat_t stat;
    zip_uint16_t encryption = encryption_of(archive, member);
    zip_stat_init(&stat);
    if (zip_stat_index(archive->zip, member, 0, &stat) != 0)
        return fail_zip(archive, zip_error_code_zip(zip_get_error(archive->zip)), encryption);
    if (stat.valid & ZIP_STAT_SIZE && stat.size > *archive->left) return fail_size(archive);
    /* libzip would find out by itself, but 1.7.3 leaks then. */
    if (stat.valid & ZIP_STAT_COMP_METHOD && !zip_compression_method_supported(stat.comp_method, 0))
        return fail_zip(archive, ZIP_ER_COMPNOTSUPP, encryption);
    if (encryption != ZIP_EM_NONE && !zip_encryption_method_supported(encryption, 0))
        return fail_zip(archive, ZIP_ER_ENCRNOTSUPP, encryption);
    if (encryption != ZIP_EM_NONE && !archive->password) return tael__archive_fail_protected(archive);
    char *block = tael__alloc(BLOCK_BYTES);
    if (!block) return tael__fail_memory("zip", BLOCK_BYTES);
    zip_file_t *file = encryption == ZIP_EM_NONE
                           ? zip_fopen_index(archive->zip, member, 0)
                           : zip_fopen_index_encrypted(archive->zip, member, 0, archive->password);
    tael_status status = file ? unpack(archive, file, encryption, block, each, user)
                              : fail_zip(archive, zip_error_code_zip(zip_get_error(archive->zip)), encryption);
    if (file) zip_fclose(file);
    tael__free(block);
    return status;
}

static tael_status append_block(const char *data, size_t bytes, void *user)
{
    return tael__buffer_append(user, data, bytes);
}

tael_status tael__archive_read(tael__archive *archive, uint64_t member, char **out, size_t *bytes)
{
    tael__buffer whole = {.max = TAEL__MAX_UNPACKED_BYTES};
    *out = NULL;
    *bytes = 0;
    tael_status status = tael__archive_stream(archive, member, append_block, &whole);
    if (status == TAEL_OK) {
        *bytes = whole.size;
        *out = tael__buffer_take(&whole);
        if (!*out) status = TAEL_NO_MEMORY;
    }
    tael__buffer_free(&whole);
    return status;
}
