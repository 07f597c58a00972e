/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rest_client.h  A bare HTTP client on loopback
 *
 * Sends exactly the bytes it is given, so that a test can break every rule.
 * Each read gives up after a minute. Thread: one per client.
 */
#ifndef BIFRONS_TESTS_REST_CLIENT_H
#define BIFRONS_TESTS_REST_CLIENT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct rest_client {
	int fd;
	GString *in; /**< received, not yet taken */
};

struct rest_result {
	int status; /**< 0: the connection was closed without an answer */
	char *head;
	char *body;
	size_t len;
	json_t *json; /**< the body, when it is JSON */
};

void rest_client_open(struct rest_client *cli, uint16_t port);
/** @return false when nobody listens; close it all the same */
bool rest_client_try(struct rest_client *cli, uint16_t port);
void rest_client_close(struct rest_client *cli);

/** @return false when the other side has closed */
bool rest_client_send(struct rest_client *cli, const char *data, size_t len);
bool rest_client_say(struct rest_client *cli, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Read one answer. @param head_only  To a HEAD: no body follows */
void rest_client_read(struct rest_client *cli, struct rest_result *res,
		      bool head_only);
/** Is the connection closed, within a minute? */
bool rest_client_is_closed(struct rest_client *cli);

/** One request on a connection of its own; `lines` are more header lines,
 * each with CRLF, or NULL; `body` may be NULL
 */
void rest_client_ask(uint16_t port, struct rest_result *res, const char *method,
		     const char *target, const char *lines, const char *body);

void rest_result_clear(struct rest_result *res);
/** A header field's value (a copy, g_free() it), or NULL */
char *rest_result_field(const struct rest_result *res, const char *name);
/** A string of the JSON body, or "" */
const char *rest_result_str(const struct rest_result *res, const char *key);

#endif
