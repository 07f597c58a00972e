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

#include "common/id.h"

struct flow_doc;

/** What came of something asked for, or what the party did */
enum flow_event_type {
	FLOW_EV_ANSWERED, /**< after answer() */
	FLOW_EV_FAILED,   /**< answer() came to nothing: err, why */
	FLOW_EV_PLAYED,   /**< id is over: err 0, ECANCELED or why not */
	FLOW_EV_DIGIT,    /**< the party pressed `digit` */
	FLOW_EV_TIMER,    /**< after timer() */
	FLOW_EV_HTTP,     /**< id: http() is over: http */
	FLOW_EV_BRIDGED,  /**< connect(): one answered, they talk now */
	FLOW_EV_CONNECT,  /**< connect() is over: connect */
	FLOW_EV_RECORDED, /**< the recording that record() waits for is over:
			     recorded */
	FLOW_EV_NTYPES,
};

/** What came of an HTTP request; borrowed */
struct flow_http_reply {
	int status;       /**< 0: no answer came, code and why say so */
	const char *code; /**< static, as fetch.h: "unreachable", "timeout",
			     "too_large", "forbidden_address" …; or NULL */
	const char *why;  /**< in words, or NULL */
	const char *content_type; /**< or NULL */
	const void *body;         /**< all of it (of other than 2xx: its
				     beginning), or NULL */
	size_t body_len;
	int64_t retry_after_s; /**< Retry-After; -1 = not said */
};

/** What came of connect(); borrowed */
struct flow_connected {
	const char *status;  /**< static: "answered", "busy", "noanswer",
				"rejected", "failed", "canceled" */
	const char *call_id; /**< of who answered, or of the last; or NULL */
	int64_t duration_ms; /**< for how long they were bridged */
	int sip_code;        /**< 0 = none */
};

/** What came of record(); borrowed */
struct flow_recorded {
	const char *id;
	const char *reason; /**< static: "silence", "key", "duration", "hangup",
			       "stopped", "failed" */
	int64_t duration_ms;
};

struct flow_event {
	enum flow_event_type type;
	uint32_t id; /**< which play(), http() */
	int err;     /**< errno, or 0 */
	const char
		*code; /**< of PLAYED with err: static, for error.code; NULL */
	const char *why; /**< in words, or NULL; borrowed */
	char digit;      /**< 0-9 A-D * # */
	const struct flow_http_reply *http;
	const struct flow_connected *connect;
	const struct flow_recorded *recorded;
};

/** A request of the flow's; borrowed during the call */
struct flow_http {
	const char *what; /**< static, for the timeline: "patch" */
	unsigned attempt; /**< from 1; 0 = the only one */
	/** The same for all attempts (header webhook-id), or NULL: a new one */
	const char *message_id;
	const char *url;
	const char *method;    /**< upper case; NULL = GET */
	const json_t *headers; /**< {name: text}, or NULL */
	const char *content_type;
	const void *body;
	size_t body_len;
	unsigned timeout_ms;
	int64_t max_bytes;
	bool sign;   /**< as a webhook, with the account's signing secret */
	bool secret; /**< a secret value is in the URL: not to be shown */
};

/** Whom to ring and how; borrowed during the call */
struct flow_connect {
	/** Address as address_json() makes it, checked; NULL = as the caller */
	const json_t *source;
	const json_t *destinations;      /**< array of the same */
	bool sequence;                   /**< one after the other */
	unsigned timeout_ms;             /**< in all */
	unsigned destination_timeout_ms; /**< of each; 0 = only that one */
	bool early_media; /**< the caller hears theirs, before the answer */
	const char *ring_tone; /**< country ("dk") or a URL to play; NULL = as
				  the account's country */
	const char *anonymous; /**< "auto", "yes", "no" */
	unsigned max_duration_ms; /**< of the bridge; 0 = none of its own */
	const json_t *record;     /**< {format, channels} or NULL */
	const json_t *headers;    /**< {name: text}, or NULL */
	struct flow_doc *confirm; /**< what the callee goes through before the
				     bridge, or NULL; a reference is taken */
	bool hangup_on_star;      /**< the caller's * ends the bridge */
};

/** What to record; borrowed during the call */
struct flow_record {
	const char *format;         /**< "wav", "ogg", "mp3" */
	bool stereo;                /**< the party left, what it hears right */
	unsigned max_duration_ms;   /**< 0 = none */
	unsigned end_of_silence_ms; /**< 0 = none */
	const char *end_of_key;     /**< keys, or "" */
	bool beep_start;
	bool wait; /**< RECORDED follows */
};

enum flow_record_verb {
	FLOW_RECORD_STOP,
	FLOW_RECORD_PAUSE,
	FLOW_RECORD_RESUME
};

/** Independent calls to be made; borrowed during the call */
struct flow_call {
	const json_t *source; /**< as flow_connect's, the same below */
	const json_t *destinations;
	const char *flow_id;  /**< or NULL: */
	struct flow_doc *doc; /**< its actions; a reference is taken */
	bool chained;         /**< they end with this one */
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
	bool patched;        /**< what a patch brought: flow_id is NULL, the
				index is in its answer */
};

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
	/** The host as GET shows it: a JSON object as text, g_free() it. May be
	 * NULL */
	char *(*describe)(void *arg);
	/** Ask a server. HTTP follows with the id, unless idp is NULL: then
	 * nobody waits, and the request outlives the flow. May be NULL.
	 * @return 0, EINVAL for a URL or header that is none, EAGAIN */
	int (*http)(void *arg, const struct flow_http *http, uint32_t *idp);
	/** Give it up; HTTP does not follow */
	void (*http_cancel)(void *arg, uint32_t id);
	/** What the party says (in), or hears (out), is silence, or no more.
	 * May be NULL. @return 0, or ENOTCONN before there is media */
	int (*mute)(void *arg, bool in, bool out, bool on);
	/** Ring others and bridge. BRIDGED may follow, CONNECT does. May be
	 * NULL. @return 0, or errno: nothing follows (code, why: flow.error's,
	 * static) */
	int (*connect)(void *arg, const struct flow_connect *prm,
		       const char **codep);
	/** Give it up: callees are canceled or hung up, CONNECT does not
	 * follow */
	void (*connect_cancel)(void *arg);
	/** Record. With `wait` RECORDED follows. May be NULL.
	 * @param id  Of the new recording
	 * @return 0 or errno: nothing follows (codep: flow.error's, static) */
	int (*record)(void *arg, const struct flow_record *prm,
		      char id[ID_SIZE], const char **codep);
	/** Act on a recording of this call; id NULL = its last. May be NULL.
	 * @return 0, ENOENT, or EPROTO in its state */
	int (*record_verb)(void *arg, enum flow_record_verb verb,
			   const char *id);
	/** Make independent calls. May be NULL.
	 * @param idsp  Array of their ids, new
	 * @return 0 or errno (codep: flow.error's, static) */
	int (*call)(void *arg, const struct flow_call *prm, json_t **idsp,
		    const char **codep);
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
