/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file rest_events.h  A call plugin that has events, and a client of them
 *
 * Thread: the test's; the plugin's part any.
 */
#ifndef BIFRONS_TESTS_REST_EVENTS_H
#define BIFRONS_TESTS_REST_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

#include "common/id.h"
#include "support/rest_client.h"

struct rest_rig;

/* Of a rig; under its mtx */
struct rest_events {
	bool silent;       /* answers no poll, as one that hangs */
	bool broken;       /* answers each with an error */
	char *transaction; /* of the poll that waits, or NULL */
	int64_t after;
	json_t *rows; /* all that there are */
	unsigned asked;
};

/* ---- the rig's own ---- */

void rest_events_init(struct rest_rig *rig);
void rest_events_clear(struct rest_rig *rig);
/** A message for the plugin. @return false: it is none of ours; borrowed */
bool rest_events_asked(struct rest_rig *rig, const char *transaction,
		       const json_t *message);

/* ---- of tests ---- */

struct rest_event {
	const char *account; /**< NULL: "acc-a" */
	const char *type;    /**< NULL: "call.created" */
	const char *call_id; /**< or NULL */
	size_t size;         /**< of its document, about */
};

/** Commit so many alike and ring. @param id  Of the last one, or NULL */
void rest_rig_emit(struct rest_rig *rig, const struct rest_event *ev,
		   unsigned count, char id[ID_SIZE]);

/** How the plugin answers polls from now on */
void rest_rig_feed(struct rest_rig *rig, bool silent, bool broken);

/** Wait until the plugin was asked so often */
void rest_rig_wait_asked(struct rest_rig *rig, unsigned n);

struct rest_listener {
	struct rest_client http;
	struct rest_result head;
	GString *text; /**< without its chunks' heads, not yet taken */
	bool chunked, ended;
};

/** Open a stream and read the answer's head (and a refusal's body).
 * @param lines  More header lines, each with CRLF, or NULL
 */
void rest_listen(struct rest_listener *ls, struct rest_rig *rig,
		 const char *target, const char *lines);
void rest_listen_close(struct rest_listener *ls);

/** The next block, without its empty line; g_free() it. @return NULL at the
 * end of the stream
 */
char *rest_listen_next(struct rest_listener *ls);

/** The next event's id, comments left out; g_free() it. NULL at the end */
char *rest_listen_id(struct rest_listener *ls);

/** The value of a line "name: value" of a block; g_free() it */
char *rest_block_field(const char *block, const char *name);

#endif
