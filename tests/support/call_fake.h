/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file call_fake.h  A world for calls: legs that count, media that counts, a
 * store that is a list, a clock moved by hand
 *
 * Documents are written with ' for ", as in flow_fake.h.
 */
#ifndef BIFRONS_SUPPORT_CALL_FAKE_H
#define BIFRONS_SUPPORT_CALL_FAKE_H

#include <glib.h>
#include <jansson.h>

#include "call/call.h"
#include "common/clock.h"
#include "event/event.h"
#include "loop/timers.h"

#define CALL_FAKE_ACCOUNT "01890000-0000-7000-8000-000000000001"
#define CALL_FAKE_TRUNK "01890000-0000-7000-8000-000000000002"
#define CALL_FAKE_FLOW "01890000-0000-7000-8000-000000000003"

struct call_fake;
struct clip_end;

/** A leg whose party does nothing by itself */
struct call_fake_leg {
	struct leg leg; /* first */
	unsigned rings, progresses, answers, hangups, unrefs;
	bool by_info;  /**< digits go by signalling */
	char info[32]; /**< those that went */
	int send_err;
	int progress_err, answer_err, hangup_code;
	struct leg_end end; /**< of the last hangup */
};

struct call_fake {
	struct clock_fake clock;
	struct timers *timers;
	struct directory *dir;
	struct event_source events;
	struct call_table *table;

	json_t *log;      /**< events as committed: their documents */
	json_t *rows;     /**< call rows by id: {status, doc, sequence…} */
	json_t *webhooks; /**< webhook rows: {id, call_id, created_at, doc},
			     with how many transactions were before in `at` */
	const char *number_id; /**< that is called, or NULL */
	unsigned commits;      /**< transactions, but for those of `alives` */
	unsigned alives; /**< that the process lives was written so often */
	unsigned idles;
	int64_t alive_ms; /**< as last written, 0 = never */

	/* media, of all legs */
	unsigned plays, stops, echos;
	bool echo;
	uint32_t play_id;
	char digits_sent[128]; /**< the last, by media */
	unsigned loops, steps; /**< of the last play */
	unsigned first_ms;     /**< of its first step */

	/* clips: files and speech; loops is theirs, too */
	unsigned clips_started, clips_open, streams;
	int clip_err; /**< the next one is refused */
	char *clip;   /**< URLs, or "text|language", of the last */
	uint32_t seek_ms;
	double gain_db;
	void *stream;
	void (*clip_failed)(void *arg, const struct clip_end *end);
	void *clip_arg;
};

/** @param limits  Members of the account, or NULL */
void call_fake_setup(struct call_fake *fake, const char *actions,
		     const char *account, const char *trunk,
		     unsigned max_calls);
void call_fake_teardown(struct call_fake *fake);

/** An INVITE arrives; the leg is the caller's, zeroed here */
enum call_refusal call_fake_invite(struct call_fake *fake,
				   struct call_fake_leg *leg);
/** The same, and the flow starts; fails the test when refused */
struct call *call_fake_call(struct call_fake *fake, struct call_fake_leg *leg);

/** Time passes, timers run */
void call_fake_pass(struct call_fake *fake, int64_t ms);

/* What the leg tells */
void call_fake_answered(struct call_fake_leg *leg);
void call_fake_early(struct call_fake_leg *leg);
void call_fake_digits(struct call_fake_leg *leg, const char *digits);
void call_fake_played(struct call_fake *fake, struct call_fake_leg *leg,
		      int err);
/** Why the clip broke; the media's word of the end is another */
void call_fake_clip_failed(struct call_fake *fake, int err, const char *code,
			   const char *why);
void call_fake_bye(struct call_fake_leg *leg);
void call_fake_closed(struct call_fake_leg *leg);

/** Types of the committed events, joined by blanks; checks that sequences
 * count from 1 in that order. g_free() it */
char *call_fake_story(const struct call_fake *fake);
/** `data` of the newest committed event of this type, or NULL; borrowed */
const json_t *call_fake_event(const struct call_fake *fake, const char *type);
/** The only call's row */
const json_t *call_fake_row(const struct call_fake *fake);

#endif
