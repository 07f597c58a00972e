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
struct recording_result;

/** What stands for a leg's media_leg; what calls ask of it is counted in the
 * world, too */
struct call_fake_media {
	struct call_fake *fake;
	struct call_fake_media *peer; /**< bridged with */
	unsigned plays, stops;
	bool muted_in, muted_out, held;
	char digits[32]; /**< sent, of all */
};

/** What record/ was asked for */
struct call_fake_recording {
	char id[ID_SIZE];
	unsigned format, channels;
	struct media_tap *tap;
	unsigned ends;
	void (*done)(void *arg, const struct recording_result *res);
	void *arg; /**< NULL: done() was called */
};

/** A leg whose party does nothing by itself */
struct call_fake_leg {
	struct leg leg; /* first */
	struct call_fake_media media;
	struct leg *picture; /**< whose picture it gets */
	unsigned bridges, holds;
	bool on_hold;
	int hold_err;
	unsigned rings, progresses, answers, hangups, unrefs;
	bool by_info;    /**< digits go by signalling, both ways */
	bool by_message; /**< its party's do, as a browser's */
	char info[32];   /**< those that went */
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

	/* calls that go out */
	struct leg_factory factory;
	struct leg_route routes[8];
	unsigned nroutes; /**< 0: routes_err, or ENOENT */
	int routes_err;
	const char *routes_code;
	const char *bad_host; /**< dial() fails for it */
	struct call_fake_leg dialed[24];
	unsigned ndialed;
	char source[64], codec[16]; /**< of the last dial */
	bool anonymous;
	json_t *headers;

	/* media, of all legs */
	int bridge_err;
	unsigned plays, stops, echos;
	bool echo;
	uint32_t play_id;
	char digits_sent[128]; /**< the last, by media */
	unsigned loops, steps; /**< of the last play */
	unsigned first_ms;     /**< of its first step */

	/* recordings */
	json_t *recordings; /**< rows by id: {status, sequence, doc} */
	unsigned taps, untaps;
	uint32_t tap_id; /**< of the last */
	bool taps_are_full;
	int record_err; /**< the next one is refused */
	struct call_fake_recording records[128];
	unsigned nrecords;

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

/** A way out: ways of one order ring together */
void call_fake_route(struct call_fake *fake, unsigned order,
		     unsigned give_up_ms, const char *host);
/** Who is called, with what CALL_FAKE_FLOW does; may be changed */
struct call_origin call_fake_origin(struct call_fake *fake);
/** An outgoing call is made, and dialed; fails the test when refused */
struct call *call_fake_create(struct call_fake *fake,
			      const struct call_origin *origin);

/** The same with call_fake_origin() as it is */
struct call *call_fake_dial(struct call_fake *fake);

/** Time passes, timers run */
void call_fake_pass(struct call_fake *fake, int64_t ms);

/* What the leg tells */
void call_fake_answered(struct call_fake_leg *leg);
void call_fake_early(struct call_fake_leg *leg);
void call_fake_ringing(struct call_fake_leg *leg);
/** A final response, and the leg is gone */
void call_fake_fails(struct call_fake_leg *leg, enum hangup_reason reason,
		     int sip_code);
void call_fake_digits(struct call_fake_leg *leg, const char *digits);
void call_fake_played(struct call_fake *fake, struct call_fake_leg *leg,
		      int err);
/** Why the clip broke; the media's word of the end is another */
void call_fake_clip_failed(struct call_fake *fake, int err, const char *code,
			   const char *why);
/** A tap ended by itself */
void call_fake_tapped(struct call_fake_leg *leg, uint32_t tap_id,
		      enum media_tap_end why);
/** The n-th recording's file is closed */
void call_fake_recorded(struct call_fake *fake, unsigned n, int err,
			int64_t duration_ms);
void call_fake_bye(struct call_fake_leg *leg);
void call_fake_closed(struct call_fake_leg *leg);

/** Types of the committed events, joined by blanks; checks that sequences
 * count from 1 in that order. g_free() it */
char *call_fake_story(const struct call_fake *fake);
/** The test fails when the story is another */
void call_fake_check_story(const struct call_fake *fake, const char *expected);
/** The test fails when call.ended says something else of the hangup */
void call_fake_check_hangup(const struct call_fake *fake, const char *by,
			    const char *reason, const char *code, int sip_code);
/** The i-th of `attempts` in call.ended, or NULL; borrowed */
const json_t *call_fake_attempt(const struct call_fake *fake, size_t i);
/** `data` of the newest committed event of this type, or NULL; borrowed */
const json_t *call_fake_event(const struct call_fake *fake, const char *type);
/** The only call's row */
const json_t *call_fake_row(const struct call_fake *fake);

#endif
