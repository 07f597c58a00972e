/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file openapi_priv.h  The two halves of the description: paths, schemas
 *
 * Thread: any; each call makes new objects.
 */
#ifndef BIFRONS_API_OPENAPI_PRIV_H
#define BIFRONS_API_OPENAPI_PRIV_H

#include "api/api_priv.h"
#include "common/event_list.h"

/** {"$ref": "#/components/KIND/NAME"} */
json_t *openapi_ref(const char *kind, const char *name);

/** "flows_create_body": the schema of what a verb takes */
void openapi_body_name(char *out, size_t size, const struct verb_row *row);
/** "flows_create" */
void openapi_operation_id(char *out, size_t size, const struct verb_row *row);
/** Name of the schema of what it answers */
void openapi_reply_name(char *out, size_t size, const struct verb_row *row);

/** {"schemas", "securitySchemes", "parameters"} */
json_t *openapi_components(void);

/** {"call.created": …}: one for every event type */
json_t *openapi_webhooks(void);

/** The schema of an event's data */
json_t *openapi_event_data(enum event_type type);

/** What a verb that takes a file takes: multipart, or the bytes */
json_t *openapi_file_body(const struct verb_row *row);
/** Add the answers of a verb that gives one */
void openapi_file_answers(json_t *responses);

/** Answers of a verb, by status */
json_t *openapi_responses(const struct verb_row *row);

#endif
