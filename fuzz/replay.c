// SPDX-License-Identifier: Apache-2.0
// Runs a fuzz target over the files of a corpus folder, without a fuzzer: what was found once stays found.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) return -1;
    struct stat st;
    if (fstat(fileno(file), &st) != 0 || !S_ISREG(st.st_mode)) {
        fclose(file);
        return 0;
    }
    uint8_t *data = malloc((size_t)st.st_size + 1); /* exact size matters under ASan, hence a copy for each file */
    size_t size = data ? fread(data, 1, (size_t)st.st_size, file) : 0;
    fclose(file);
    if (!data) return -1;
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

int main(int argc, char **argv)
{
    int runs = 0;
    if (argc != 2) return 2;
    DIR *dir = opendir(argv[1]);
    if (!dir) {
        fprintf(stderr, "%s: no corpus there\n", argv[1]);
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", argv[1], entry->d_name);
        int ran = replay_file(path);
        if (ran < 0) return 1;
        runs += ran;
    }
    closedir(dir);
    printf("%d inputs replayed\n", runs);
    return runs ? 0 : 1;
}
