// SPDX-License-Identifier: Apache-2.0
// Faults in the words of the two interfaces: OpenAI's error object, and Anthropic's.
#include <stdarg.h>
#include <string.h>

#include "base/utf8.h"
#include "serve/api.h"

static bool set(tael__exchange *x, unsigned http, const char *type, const char *code, const char *param,
                const char *format, va_list arguments)
{
    x->fault.http = http;
    x->fault.type = type;
    x->fault.code = code;
    snprintf(x->fault.param, sizeof x->fault.param, "%s", param ? param : "");
    vsnprintf(x->fault.message, sizeof x->fault.message, format, arguments);
    return false;
}

bool tael__fault(tael__exchange *x, unsigned http, const char *type, const char *code, const char *param,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(x, http, type, code, param, format, arguments);
    va_end(arguments);
    return false;
}

bool tael__fault_field(tael__exchange *x, const char *param, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    set(x, 400, "invalid_request_error", "invalid_value", param, format, arguments);
    va_end(arguments);
    return false;
}

bool tael__fault_status(tael__exchange *x, tael_status status, const char *param, const char *sentence)
{
    switch (status) {
    case TAEL_CONTEXT_FULL:
        return tael__fault(x, 400, "invalid_request_error", "context_length_exceeded", param, "%s", sentence);
    case TAEL_BAD_INPUT:
    case TAEL_MISUSE:
    case TAEL_LIMIT: return tael__fault(x, 400, "invalid_request_error", "invalid_value", param, "%s", sentence);
    case TAEL_UNSUPPORTED: return tael__fault(x, 400, "invalid_request_error", "unsupported", param, "%s", sentence);
    case TAEL_NO_MEMORY: return tael__fault(x, 503, "server_error", "overloaded", param, "%s", sentence);
    default: return tael__fault(x, 500, "server_error", "internal_error", param, "%s", sentence);
    }
}

/* Anthropic names its errors by the status. */
static const char *anthropic_type(unsigned http)
{
    switch (http) {
    case 401: return "authentication_error";
    case 403: return "permission_error";
    case 404: return "not_found_error";
    case 413: return "request_too_large";
    case 429: return "rate_limit_error";
    case 503: return "overloaded_error";
    case 504: return "timeout_error";
    default: return http < 500 ? "invalid_request_error" : "api_error";
    }
}

json_t *tael__fault_json(const tael__exchange *x)
{
    const char *message = x->fault.message;
    json_t *text = json_stringn(message, tael__utf8_cut(message, strlen(message)));
    if (x->route && x->route->mcp) {
        json_decref(text);
        return tael__mcp_fault_json(x);
    }
    if (x->route && !x->route->method) {
        json_decref(text);
        return tael__api_fault_json(x);
    }
    if (x->route && x->route->anthropic)
        return json_pack("{s:s,s:{s:s,s:o},s:s}", "type", "error", "error", "type", anthropic_type(x->fault.http),
                         "message", text, "request_id", x->id);
    json_t *param = x->fault.param[0] ? json_string(x->fault.param) : json_null();
    return json_pack("{s:{s:o,s:s,s:o,s:s}}", "error", "message", text, "type", x->fault.type, "param", param, "code",
                     x->fault.code);
}
