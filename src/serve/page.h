// SPDX-License-Identifier: Apache-2.0
/* The page's files, as the build puts them into the program (cmake/page.cmake). */
#ifndef TAEL__SERVE_PAGE_H
#define TAEL__SERVE_PAGE_H

#include <stddef.h>

typedef struct tael__page_file {
    const char *path; /* "/", "/assets/app-3f2a.js" */
    const char *type; /* of its content */
    const char *etag; /* with its quotes */
    const unsigned char *data;
    size_t bytes; /* gzip-encoded, but for "/", which gets the session's token */
} tael__page_file;

extern const tael__page_file tael__page_files[]; /* the last has no path */

#endif
