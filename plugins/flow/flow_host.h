/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_host.h  What a flow may do to the world
 *
 * Thread: the owner's (loop). A flow runs over any host: a call, a test, a
 * fuzzer. The host does what it is asked and tells what came of it through
 * flow_run_event(), never from inside one of these functions (from a later
 * callback or a timer of 0 ms). It may call flow_run_cancel() at any time.
 *
 * New abilities are new members here (talk, record, connect …), each with its
 * event; hosts that lack one leave it NULL and the action's start checks.
 */
#ifndef BIFRONS_FLOW_FLOW_HOST_H
#define BIFRONS_FLOW_FLOW_HOST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** What came of something asked for, or what the party did */
enum flow_event_type {
	FLOW_EV_ANSWERED, /**< after answer() */
	FLOW_EV_FAILED,   /**< answer() came to nothing: err, why */
	FLOW_EV_PLAYED,   /**< id is over: err 0, ECANCELED or why not */
	FLOW_EV_DIGIT,    /**< the party pressed `digit` */
	FLOW_EV_TIMER,    /**< after timer() */
	FLOW_EV_NTYPES,
};

struct flow_event {
	enum flow_event_type type;
	uint32_t id; /**< which play() */
	int err;     /**< errno, or 0 */
	const char
		*code; /**< of PLAYED with err: static, for error.code; NULL */
	const char *why; /**< in words, or NULL; borrowed */
	char digit;      /**< 0-9 A-D * # */
};

/** What to play; borrowed during the call */
struct flow_play {
	const json_t *urls; /**< array of strings, in order */
	unsigned loops;     /**< of the whole list; 0 = until stopped */
	uint32_t seek_ms;   /**< where in the first one to begin, once */
	double gain_db;     /**< louder or softer */
	bool async;         /**< the flow does not wait for the end */
};

/** What to say; borrowed during the call */
struct flow_talk {
	const char *text;     /**< plain, or SSML when it begins with <speak */
	const char *language; /**< "en-US" */
	const char *voice_id, *provider; /**< NULL = the platform's choice */
	bool async; /**< the flow does not wait for the end */
};

/** Which digits to send, and how long each and the pause after it lasts;
 * borrowed during the call */
struct flow_digits {
	const char *digits; /**< 0-9 A-D * #, and w for half a second */
	unsigned duration_ms, interval_ms;
};

/** How a flow ended */
enum flow_end_kind {
	FLOW_END_DONE,     /**< its actions are over, or `stop` */
	FLOW_END_HANGUP,   /**< the action `hangup`: reason, sip_code */
	FLOW_END_FAILED,   /**< it was stopped: code */
	FLOW_END_CANCELED, /**< flow_run_cancel() */
};

struct flow_end {
	enum flow_end_kind kind;
	const char *reason; /**< "normal", "busy", …; borrowed, or NULL */
	const char *code;   /**< static: "flow_loop", or NULL */
	int sip_code;       /**< 0 = by reason */
};

/** An action as others see it; borrowed */
struct flow_step {
	size_t index;   /**< in the flow, fallback actions behind the others */
	const char *id; /**< or NULL */
	const char *flow_id; /**< of the stored flow that fetch_flow runs; NULL:
				the host's own */
	const char *type;    /**< static */
};

struct flow_doc;

struct flow_host {
	/** Answer; ANSWERED or FAILED follows.
	 * @return 0, EALREADY (it is answered, nothing follows) or errno */
	int (*answer)(void *arg);
	/** Play instead of what plays now, before the answer as early media;
	 * PLAYED follows with the id.
	 * @return 0 or errno: nothing follows */
	int (*play)(void *arg, const struct flow_play *play, uint32_t *idp);
	/** Say a text instead of what plays now; else as play(). May be NULL */
	int (*talk)(void *arg, const struct flow_talk *talk, uint32_t *idp);
	/** Send digits instead of what plays now, on an answered call; PLAYED
	 * follows with the id. @return 0 or errno: nothing follows */
	int (*send_digits)(void *arg, const struct flow_digits *digits,
			   uint32_t *idp);
	/** Stop what plays; PLAYED may still follow and is ignored */
	void (*stop)(void *arg);
	/** Send back what the party sends. @return 0 or errno */
	int (*echo)(void *arg, bool on);
	/** The one timer: TIMER after `ms`, instead of a running one; < 0
	 * stops it */
	void (*timer)(void *arg, int64_t ms);
	/** Monotonic time */
	int64_t (*now_ms)(void *arg);
	/** Unix time */
	int64_t (*wall_ms)(void *arg);
	/** The value of a name outside the variables (call.*, parent.*).
	 * @return A new string, g_free() it; NULL when unknown */
	char *(*lookup)(void *arg, const char *name);
	/** A stored flow of the same account. May be NULL.
	 * @param docp  A new reference, on success
	 * @return 0 or ENOENT */
	int (*flow)(void *arg, const char *id, struct flow_doc **docp);
	/** An action begins (flow.action) */
	void (*action)(void *arg, const struct flow_step *step);
	/** An action failed (flow.error) */
	void (*error)(void *arg, const struct flow_step *step, const char *code,
		      const char *detail);
	/** The flow is over; the last call to the host, exactly once */
	void (*ended)(void *arg, const struct flow_end *end);
};

#endif
