/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_fake.h  A host for flows that counts, and a clock moved by hand
 *
 * Documents are written with ' for ". Nothing happens by itself: a test says
 * that the call was answered, that a play is over, that a key was pressed.
 */
#ifndef BIFRONS_SUPPORT_FLOW_FAKE_H
#define BIFRONS_SUPPORT_FLOW_FAKE_H

#include <glib.h>
#include <jansson.h>

#include "common/clock.h"
#include "common/opt.h"
#include "flow/flow_run.h"

struct flow_fake {
	struct flow_doc *doc;
	struct flow_vars *vars;
	struct flow_run *run;
	GHashTable *stored; /**< id -> flow_doc, or NULL */
	struct clock_fake clock;

	bool answered; /**< answer() then says EALREADY */
	int answer_err, play_err, echo_err;
	bool cancel_inside; /**< the call goes inside the next function */

	unsigned answers, plays, talks, stops, echos, ends, errors;
	bool echo; /**< is on */
	uint32_t play_id;
	char digits[128]; /**< of the last send_digits() */
	unsigned digit_ms;
	char *urls; /**< of the last play, joined by blanks */
	unsigned loops;
	uint32_t seek_ms;
	double gain_db;
	bool async;     /**< of the last play or talk */
	char *said;     /**< "text|language|voice|provider" of the last talk */
	int64_t due_ms; /**< of the timer; -1 = stopped */
	GString *trace; /**< types of the actions, joined by blanks */
	char *error_code, *error_detail;
	enum flow_end_kind end_kind;
	char *end_reason, *end_code;
	int end_sip_code;
};

extern const struct flow_host flow_fake_host;

/** Take a document, or an array of actions. @return 0 or EINVAL */
int flow_fake_setup(struct flow_fake *fake, const char *text);
void flow_fake_teardown(struct flow_fake *fake);

/** What fetch_flow finds by this id, from now on: as flow_fake_setup() */
void flow_fake_store(struct flow_fake *fake, const char *id, const char *text);

/** Parse with ' for " */
json_t *flow_fake_json(const char *text);

/** The faults of a document as "pointer message\n"…; g_free() it */
char *flow_fake_faults(const char *text);

/* What happens */
void flow_fake_start(struct flow_fake *fake);
void flow_fake_answered(struct flow_fake *fake);
void flow_fake_answer_failed(struct flow_fake *fake, int err);
void flow_fake_played(struct flow_fake *fake, int err);
/** It broke: code is static */
void flow_fake_broke(struct flow_fake *fake, const char *code, const char *why);
void flow_fake_digits(struct flow_fake *fake, const char *digits);
/** Time passes; the timer fires when it is due */
void flow_fake_pass(struct flow_fake *fake, int64_t ms);

/** A variable's value, or "" */
const char *flow_fake_var(const struct flow_fake *fake, const char *name);

#endif
