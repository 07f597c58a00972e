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

	/* http(), mute() */
	unsigned https, http_cancels;
	int http_err;
	uint32_t http_id;
	bool http_waits; /**< of the last: the flow waits for its answer */
	bool http_signed;
	unsigned http_attempt;
	char *http, *http_body; /**< of the last: "POST url", and its body */
	char *http_headers, *http_type, *http_message_id;
	int mute_err;
	char muted[16]; /**< "in", "out", "in out" */

	/* connect(), record(), call(): the last, as JSON text */
	unsigned connects, connect_cancels, records, calls;
	int connect_err, record_err, call_err;
	const char *start_code; /**< what these say with their error */
	char *asked;
	struct flow_doc *asked_doc; /**< a reference */
	char *verbs; /**< "pause ID", "stop" … joined by blanks */
	int verb_err;

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

/** The server answers what was asked last; body NULL = none */
void flow_fake_http(struct flow_fake *fake, int status, const char *body);
/** The same with all that it may be */
void flow_fake_http_reply(struct flow_fake *fake,
			  const struct flow_http_reply *reply);
/** No answer comes: code is static */
void flow_fake_http_failed(struct flow_fake *fake, const char *code);
void flow_fake_bridged(struct flow_fake *fake);
void flow_fake_connected(struct flow_fake *fake, const char *status,
			 int64_t duration_ms, int sip_code);
/** The last recording is over: reason is static */
void flow_fake_recorded(struct flow_fake *fake, const char *reason,
			int64_t duration_ms);

/** A variable's value, or "" */
const char *flow_fake_var(const struct flow_fake *fake, const char *name);

#endif
