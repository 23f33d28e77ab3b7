// SPDX-License-Identifier: Apache-2.0
// The passphrase: it opens the ledger and nothing else does; changing it leaves the store's bytes alone; a key file
// that was damaged, cut or comes from elsewhere is a sentence, never a crash. A wrong implementation would open with
// any word, keep the plain key on the disk, or write the store anew.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "bills.h"
#include "ledger/passphrase.h"

static tael_status open_with(const char *home, const char *passphrase)
{
    tael_ledger *ledger;
    tael_status status = tael_ledger_open(
        &ledger, home, &(tael_ledger_options){.size = sizeof(tael_ledger_options), .passphrase = passphrase});
    tael_ledger_close(ledger);
    return status;
}

static void fill(const char *home)
{
    tael_ledger *ledger;
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    put_bill(ledger,
             ALIPAY_HEADER
             "2026-10-01 08:00:00,餐饮美食,小店,/,面,支出,1.00,余额,交易成功,2026100122000000000000000001\t,,,\r\n",
             NULL);
    tael_ledger_close(ledger);
}

static void only_the_passphrase_opens(void **state)
{
    (void)state;
    char *home = temp_folder();
    size_t plain_bytes, store_bytes, bytes;
    bool is_protected;
    struct stat st;
    assert_ok(tael_ledger_protected(home, &is_protected));
    assert_false(is_protected);
    fill(home);
    char *plain = fixture(in_folder(home, "ledger.key"), &plain_bytes),
         *store = fixture(in_folder(home, "ledger.db"), &store_bytes);
    assert_ok(tael_ledger_set_passphrase(home, NULL, "四只 horses"));
    assert_ok(tael_ledger_protected(home, &is_protected));
    assert_true(is_protected);
    assert_ok(open_with(home, "四只 horses"));
    assert_status(open_with(home, "四只 horse"), TAEL_BAD_KEY);
    assert_status(open_with(home, ""), TAEL_BAD_KEY);
    assert_status(open_with(home, NULL), TAEL_BAD_KEY);
    assert_status(tael_ledger_set_passphrase(home, "wrong", "other"), TAEL_BAD_KEY);
    assert_ok(open_with(home, "四只 horses"));
    /* No file of the folder holds the plain key any more, and nothing is left beside. */
    DIR *folder = opendir(home);
    for (struct dirent *e; (e = readdir(folder));) {
        if (e->d_name[0] == '.') continue;
        char *data = fixture(in_folder(home, e->d_name), &bytes);
        assert_null(bytes >= 64 ? memmem(data, bytes, plain, 64) : NULL);
        tael__free(data);
        assert_memory_equal(e->d_name, "ledger.", 7);
        assert_null(strstr(e->d_name, "key."));
    }
    closedir(folder);
    assert_int_equal(stat(in_folder(home, "ledger.key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_ok(tael_ledger_set_passphrase(home, "四只 horses", "another"));
    assert_status(open_with(home, "四只 horses"), TAEL_BAD_KEY);
    char *now = fixture(in_folder(home, "ledger.db"), &bytes);
    assert_int_equal(bytes, store_bytes);
    assert_memory_equal(now, store, bytes);
    assert_ok(tael_ledger_set_passphrase(home, "another", NULL));
    assert_ok(open_with(home, NULL));
    char *back = fixture(in_folder(home, "ledger.key"), &bytes);
    assert_int_equal(bytes, plain_bytes);
    assert_memory_equal(back, plain, bytes);
    tael__free(plain);
    tael__free(store);
    tael__free(now);
    tael__free(back);
    temp_remove(home);
}

/* The old file is overwritten, but not where the owner gave it another name: that is a copy. */
static void the_plain_key_is_overwritten(void **state)
{
    (void)state;
    char *home = temp_folder();
    char copy[1024];
    size_t bytes;
    fill(home);
    char *plain = fixture(in_folder(home, "ledger.key"), &bytes);
    int old = open(in_folder(home, "ledger.key"), O_RDONLY);
    assert_ok(tael_ledger_set_passphrase(home, NULL, "a"));
    char after[65] = "";
    assert_int_equal(pread(old, after, 64, 0), 64);
    assert_memory_not_equal(after, plain, 64);
    close(old);
    assert_ok(tael_ledger_set_passphrase(home, "a", NULL));
    snprintf(copy, sizeof copy, "%s/copy", home);
    assert_int_equal(link(in_folder(home, "ledger.key"), copy), 0);
    assert_ok(tael_ledger_set_passphrase(home, NULL, "a"));
    char *kept = fixture(copy, &bytes);
    assert_memory_equal(kept, plain, bytes);
    tael__free(kept);
    tael__free(plain);
    temp_remove(home);
}

static void damaged_key_files_are_told(void **state)
{
    (void)state;
    uint8_t key[TAEL__KEY_BYTES] = {1}, out[TAEL__KEY_BYTES];
    char text[TAEL__WRAPPED_BYTES], bad[TAEL__WRAPPED_BYTES];
    size_t bytes;
    assert_ok(tael__key_wrap(text, &bytes, key, "p"));
    assert_int_equal(strlen(text), bytes);
    assert_ok(tael__key_unwrap(out, text, "k", "p"));
    assert_memory_equal(out, key, sizeof key);
    for (size_t cut = strlen("tael-key "); cut + 1 < bytes; cut += 7) {
        memcpy(bad, text, cut);
        bad[cut] = '\0';
        tael_status status = tael__key_unwrap(out, bad, "k", "p");
        assert_true(status == TAEL_BAD_KEY || status == TAEL_UNSUPPORTED);
        assert_true(*tael_error() != '\0');
    }
    static const char *const hostile[] = {
        "tael-key 2\nargon2id13 3 99999999999999\n",
        "tael-key 2\nargon2id13 4000000000 8192\n",
        "tael-key 2\nargon2id13 -1 8192\n",
        "tael-key 2\nargon2id13 3 1\n",
        "tael-key 2\nscrypt 3 8192\n",
        "tael-key 2\n\n\n",
        "tael-key 2\nargon2id13 3 8192\nsalt zz\n",
        "tael-key 2\nargon2id13 3 8192 8192\nsalt 00\n",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++)
        assert_status(tael__key_unwrap(out, hostile[i], "k", "p"), TAEL_BAD_KEY);
    assert_status(tael__key_unwrap(out, "tael-key 3\nwhat comes later\n", "k", "p"), TAEL_UNSUPPORTED);
    text[bytes - 3] ^= 1; /* one digit of the box */
    assert_status(tael__key_unwrap(out, text, "k", "p"), TAEL_BAD_KEY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_passphrase_opens),
        cmocka_unit_test(the_plain_key_is_overwritten),
        cmocka_unit_test(damaged_key_files_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
