/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file api_errors.h  Every error code of the API, listed once
 *
 * X(code, HTTP status, title). Codes are stable and documented
 * (docs/errors.md is made from this list). The call plugin answers with a
 * code; the REST transport turns it into a status.
 */
#ifndef BIFRONS_COMMON_API_ERRORS_H
#define BIFRONS_COMMON_API_ERRORS_H

#define API_ERRORS(X)                                                          \
	X(malformed_json, 400, "Malformed JSON")                               \
	X(bad_request, 400, "Bad request")                                     \
	X(unauthorized, 401, "Missing or unknown credentials")                 \
	X(key_expired, 401, "The access key has expired or was revoked")       \
	X(token_expired, 401, "The token or ticket has expired")               \
	X(forbidden, 403, "The key lacks the scope")                           \
	X(account_suspended, 403, "The account is suspended")                  \
	X(not_found, 404, "Not found")                                         \
	X(account_not_found, 404, "No such account")                           \
	X(access_key_not_found, 404, "No such access key")                     \
	X(flow_not_found, 404, "No such flow")                                 \
	X(number_not_found, 404, "No such number")                             \
	X(trunk_not_found, 404, "No such trunk")                               \
	X(call_not_found, 404, "No such call")                                 \
	X(domain_not_found, 404, "No such domain")                             \
	X(extension_not_found, 404, "No such extension")                       \
	X(media_not_found, 404, "No such media")                               \
	X(recording_not_found, 404, "No such recording")                       \
	X(webhook_not_found, 404, "No such webhook")                           \
	X(delivery_not_found, 404, "No such delivery")                         \
	X(method_not_allowed, 405, "Method not allowed")                       \
	X(not_acceptable, 406, "Not acceptable")                               \
	X(conflict, 409, "Conflict")                                           \
	X(in_use, 409, "Something else refers to it")                          \
	X(already_exists, 409, "It exists already")                            \
	X(wrong_state, 409, "Not possible in this state")                      \
	X(call_ended, 409, "The call has ended")                               \
	X(idempotency_in_progress, 409, "The first request is still running")  \
	X(length_required, 411, "Length required")                             \
	X(body_too_large, 413, "Body too large")                               \
	X(uri_too_long, 414, "URI too long")                                   \
	X(unsupported_media_type, 415, "Unsupported content type")             \
	X(range_not_satisfiable, 416, "Range not satisfiable")                 \
	X(invalid, 422, "The input is not valid")                              \
	X(flow_invalid, 422, "The flow is not valid")                          \
	X(idempotency_mismatch, 422, "The key was used with another request")  \
	X(undecodable, 422, "The file cannot be decoded")                      \
	X(webhook_limit, 422, "The account has too many webhooks")             \
	X(media_quota, 422, "The account's media take too much room")          \
	X(flow_quota, 422, "The account's flows take too much room")           \
	X(call_limit, 429, "Too many calls")                                   \
	X(rate_limit, 429, "Too many requests")                                \
	X(headers_too_large, 431, "Header fields too large")                   \
	X(internal, 500, "Internal error")                                     \
	X(unavailable, 503, "Not available now")                               \
	X(busy, 503, "Too many requests in flight")                            \
	X(timeout, 503, "Not answered in time")                                \
	X(disk_full, 507, "No room left on the disk")

#define API_ERROR_ENUM(code, status, title) API_ERR_##code,
enum api_err {
	API_OK,
	API_ERRORS(API_ERROR_ENUM) API_NERRORS
};
#undef API_ERROR_ENUM

/** "flow_invalid", or "" for API_OK */
const char *api_err_code(enum api_err err);
const char *api_err_title(enum api_err err);
int api_err_status(enum api_err err);
/** API_ERR_internal for a code that is not listed */
enum api_err api_err_by_code(const char *code);

#endif
