/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file leg.h  One party's signalling, whatever it speaks
 *
 * Thread: loop only. sip/ and webrtc/ implement struct leg_ops and embed
 * struct leg first in their own object; call/ drives a leg through it and
 * hears of it through struct leg_handler. Neither knows the other.
 *
 * Life: a leg is made by its kind (an INVITE, a browser's offer, or
 * leg_factory for an outgoing one), then closed in two steps: leg_hangup() by
 * the call, or ended() by the party; in both cases the leg gives back what it
 * holds and calls closed() last. Every leg calls ended() once at most and
 * closed() exactly once. After closed() the call drops its reference.
 */
#ifndef BIFRONS_CALL_LEG_H
#define BIFRONS_CALL_LEG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/id.h"
#include "media/tap.h"

struct leg;
struct media_leg;

enum hangup_by {
	HANGUP_BY_REMOTE,
	HANGUP_BY_LOCAL,
	HANGUP_BY_SYSTEM
};

enum hangup_reason {
	HANGUP_NORMAL,
	HANGUP_BUSY,
	HANGUP_NOANSWER,
	HANGUP_REJECTED,
	HANGUP_CANCELED,
	HANGUP_TIMEOUT,
	HANGUP_FAILED,
	HANGUP_NREASONS,
};

const char *hangup_by_name(enum hangup_by by);
const char *hangup_reason_name(enum hangup_reason reason);
/** @return 0 or EINVAL */
int hangup_reason_by_name(const char *name, enum hangup_reason *reasonp);

/** Why a leg ends, and what went over the wire about it */
struct leg_end {
	enum hangup_by by;
	enum hangup_reason reason;
	/** static, where the platform decided, or NULL; "answered_elsewhere"
	 * tells a device that rings that it has missed nothing */
	const char *code;
	int sip_code; /**< sent or received; 0 = none, or choose by reason */
	const char
		*sip_reason; /**< phrase; borrowed during the call, or NULL */
};

/** What a leg tells its call. Called from the leg's own callbacks or timers,
 * never from inside a leg_ops function. The leg owns its media_leg and thus
 * hears of it; what concerns the call (dtmf, played, silent) it passes on.
 */
struct leg_handler {
	/** The other side knows of our call: anything at all came (outgoing) */
	void (*heard)(void *arg);
	/** Early media runs (183 was sent, or received with SDP) */
	void (*early)(void *arg);
	/** The party rings (outgoing) */
	void (*ringing)(void *arg);
	/** Answered on both sides, media runs */
	void (*answered)(void *arg);
	/** leg_answer() or leg_progress() came to nothing; ended() follows when
	 * the leg is gone */
	void (*failed)(void *arg, int err, const char *why);
	/** A digit, in the media (media_handler.dtmf, passed on by the leg) or
	 * by signalling (SIP INFO, a browser's message) */
	void (*dtmf)(void *arg, char digit, unsigned duration_ms,
		     bool in_media);
	/** What leg->media played is over (media_handler.played, passed on) */
	void (*played)(void *arg, uint32_t play_id, int err);
	/** No media came for the silence timeout (media_handler.silent) */
	void (*silent)(void *arg);
	/** A tap of leg->media came to its end by itself
	 * (media_handler.tapped, passed on) */
	void (*tapped)(void *arg, uint32_t tap_id, enum media_tap_end why);
	/** The party held or resumed us */
	void (*held)(void *arg, bool held);
	/** The leg is over; closed() follows */
	void (*ended)(void *arg, const struct leg_end *end);
	/** Last call: nothing of the leg runs any more */
	void (*closed)(void *arg);
	/** A line for the timeline: "INVITE received", "200 OK sent" */
	void (*note)(void *arg, const char *line);
};

struct leg_ops {
	const char *endpoint; /**< "sip" or "webrtc" */

	/** Tell the caller that it rings (180); incoming, before the answer */
	int (*ring)(struct leg *leg);
	/** Early media (183 with our answer); early() follows. EALREADY when
	 * it runs */
	int (*progress)(struct leg *leg);
	/** Answer an incoming leg; answered() or failed() follows.
	 * EALREADY when answered or being answered */
	int (*answer)(struct leg *leg);
	/** End it, as its state demands (reject, CANCEL, BYE); sip_code 0 is
	 * chosen by reason; ended() does not follow, closed() does. Calling it
	 * on a leg that is ending does nothing.
	 * @return The SIP code that goes out (rejections), or 0 */
	int (*hangup)(struct leg *leg, const struct leg_end *end);
	/** Do digits to this party go by signalling (SIP INFO)? NULL: no */
	bool (*dtmf_by_signalling)(const struct leg *leg);
	/** Send a digit by signalling; ENOTSUP: use media */
	int (*send_dtmf)(struct leg *leg, char digit, unsigned duration_ms);
	/** Send back what leg->media does not carry, a browser's picture, or
	 * stop it. The op may be NULL */
	void (*echo)(struct leg *leg, bool on);
	/** Put the party on hold, or take it back (SIP: re-INVITE with
	 * sendonly; a browser is told). What it hears is leg->media's. The op
	 * may be NULL.
	 * @return 0, EPROTO before the answer */
	int (*hold)(struct leg *leg, bool on);
	/** What leg->media does not carry, a browser's picture, goes to and
	 * comes from this leg of the same ops, until NULL. Told on both legs.
	 * The op may be NULL */
	void (*bridge)(struct leg *leg, struct leg *peer);
	/** The call's `sip` member (or what stands in its place) as JSON
	 * text; g_free() it. The op may be NULL */
	char *(*describe)(const struct leg *leg);
	/** The call's `media` member without its quality, the same way:
	 * {"audio":{"codec":"PCMU","direction":"sendrecv"}}; NULL when there
	 * is none yet. The op may be NULL */
	char *(*describe_media)(const struct leg *leg);
	/** From where it came, as `sip` says; borrowed, or NULL. The op may
	 * be NULL */
	const char *(*remote)(const struct leg *leg);
	/** The call drops its hold, after closed(); frees when nothing else
	 * holds it */
	void (*unref)(struct leg *leg);
};

struct leg {
	const struct leg_ops *ops;
	const struct leg_handler *handler;
	void *arg; /**< the call */
	/** Its sound; NULL before the SDP agreed. Owned by the leg, closed by
	 * it. The call plays and listens through it (media/media.h). */
	struct media_leg *media;
	char call_id[ID_SIZE]; /**< set when the call takes it; for the log */
};

/** A new incoming leg, as its kind found it; borrowed during the call */
struct leg_incoming {
	struct leg *leg; /**< taken on success */
	const char *account_id;
	const char *trunk_id;  /**< or NULL */
	const char *number_id; /**< or NULL */
	const char *flow_id;
	const char *source;      /**< normalised, "+45…" or what was sent */
	const char *source_name; /**< display name, or NULL */
	const char *source_type; /**< "tel", "sip", "extension" */
	const char *destination;
	const char *destination_type;
	/** The flow's first variables, {name: text}, or NULL; names that may
	 * not be set are passed over */
	const json_t *variables;
};

/** Whom an outgoing leg shall reach, and as whom; borrowed */
struct leg_dial {
	const char *account_id;
	const char *call_id;
	const char *type;     /**< "tel", "sip", "extension" */
	const char *target;   /**< "+45…", "sip:bob@host", "1001@domain" */
	const char *trunk_id; /**< or NULL */
	const char *source_type, *source, *source_name; /**< name: or NULL */
	bool anonymous;
	bool auto_answer;      /**< the phone is asked to answer by itself */
	const json_t *headers; /**< {"X-…": text} to go out, or NULL */
	/** A codec's name to be offered first, so that a bridge need not
	 * transcode; or NULL */
	const char *codec;
	/** The call as GET shows it, for who is rung: JSON text; or NULL */
	const char *call_text;
};

struct leg_factory;

enum {
	LEG_ROUTE_KEY = 128,
	LEG_ROUTES_MAX = 32
};

/** One way to reach a destination: a device, or a trunk's host */
struct leg_route {
	const struct leg_factory *factory;
	/** Ways of one order ring together; the next order when all of these
	 * failed by what is not the callee's own answer */
	unsigned order;
	/** Nothing heard for so long: on to the next order; 0 = wait */
	unsigned give_up_ms;
	char trunk_id[ID_SIZE];   /**< or "" */
	char host[LEG_ROUTE_KEY]; /**< for `attempts`: "192.0.2.1:5060", or ""
				   */
	char key[LEG_ROUTE_KEY];  /**< the factory's own */
};

/** Makes legs of its kind; call_env lists them */
struct leg_factory {
	const char *endpoint; /**< "sip" or "webrtc" */
	/** Append the ways there are, LEG_ROUTES_MAX in all.
	 * @param codep  Static, with an error: "no_route", "trunk_down",
	 *               "not_registered"
	 * @return 0; ENOENT: not of this kind, or nobody there; EINVAL: no
	 *         such address */
	int (*routes)(void *arg, const struct leg_dial *dial,
		      struct leg_route *routes, unsigned *np,
		      const char **codep);
	/** Begin to ring one of them. Everything that follows is told to the
	 * handler, never from inside.
	 * @param legp  Set on success, as leg_incoming.leg: the caller's until
	 *              closed() and unref(); handler and arg are set
	 * @return 0 or errno */
	int (*dial)(void *arg, const struct leg_dial *dial,
		    const struct leg_route *route,
		    const struct leg_handler *handler, void *handler_arg,
		    struct leg **legp);
	void *arg;
};

/** Why an incoming leg was not taken */
enum call_refusal {
	CALL_TAKEN,
	CALL_REFUSED_ACCOUNT,  /**< account suspended: 403 */
	CALL_REFUSED_LIMIT,    /**< account's or trunk's limit: 486 */
	CALL_REFUSED_PLATFORM, /**< platform's limit or closing: 503 */
	CALL_REFUSED_FLOW,     /**< no such flow: 404 */
};

/** May whoever makes a call give its flow a variable of this name?
 * @return NULL, or why not, in words */
const char *leg_variable_fault(const char *name);

#endif
