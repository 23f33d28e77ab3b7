// SPDX-License-Identifier: Apache-2.0
/* libmicrohttpd, loaded when a service is started: linked, it would bring GnuTLS and seven libraries more into every
 * start of the command. */
#ifndef TAEL__SERVE_MICROHTTPD_H
#define TAEL__SERVE_MICROHTTPD_H

#include <microhttpd.h>

#include "base/status.h"

/* The functions that are used, by their names without "MHD_". */
typedef struct tael__mhd {
    struct MHD_Daemon *(*start_daemon)(unsigned int flags, uint16_t port, MHD_AcceptPolicyCallback accept,
                                       void *accept_user, MHD_AccessHandlerCallback handler, void *user, ...);
    void (*stop_daemon)(struct MHD_Daemon *daemon);
    struct MHD_Response *(*create_response_from_buffer)(size_t bytes, void *data, enum MHD_ResponseMemoryMode mode);
    struct MHD_Response *(*create_response_from_callback)(uint64_t bytes, size_t block,
                                                          MHD_ContentReaderCallback reader, void *user,
                                                          MHD_ContentReaderFreeCallback release);
    enum MHD_Result (*add_response_header)(struct MHD_Response *response, const char *name, const char *value);
    enum MHD_Result (*queue_response)(struct MHD_Connection *connection, unsigned int status,
                                      struct MHD_Response *response);
    void (*destroy_response)(struct MHD_Response *response);
    void (*suspend_connection)(struct MHD_Connection *connection);
    void (*resume_connection)(struct MHD_Connection *connection);
    const char *(*lookup_connection_value)(struct MHD_Connection *connection, enum MHD_ValueKind kind, const char *key);
    int (*get_connection_values)(struct MHD_Connection *connection, enum MHD_ValueKind kind, MHD_KeyValueIterator each,
                                 void *user);
    const union MHD_ConnectionInfo *(*get_connection_info)(struct MHD_Connection *connection,
                                                           enum MHD_ConnectionInfoType type, ...);
} tael__mhd;

/* *out is static. TAEL_UNSUPPORTED: the library isn't installed, or lacks a function. */
tael_status tael__mhd_get(const tael__mhd **out);

#endif
