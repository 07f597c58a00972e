/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sipx_priv.h  What the files of sip/ share: the stack and the leg
 *
 * Thread: loop only, but for the counters. sofia calls back on the loop too:
 * its root has no threads (su_root_threading(root, 0)).
 */
#ifndef BIFRONS_SIP_SIPX_PRIV_H
#define BIFRONS_SIP_SIPX_PRIV_H

#include <glib.h>
#include <stdatomic.h>

#include <sofia-sip/nua.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "call/leg.h"
#include "common/obj.h"
#include "directory/directory.h"
#include "host/log.h"
#include "loop/loop.h"
#include "loop/timers.h"
#include "media/media.h"
#include "sdp/sdpx.h"
#include "sip/sipx.h"

#include "header.h"

enum {
	SIPX_STOP_MS = 2000,      /**< for the peers to answer our BYE */
	SIPX_RETRY_AFTER_S = 2,   /**< with 503 */
	SIPX_TRYING_MS = 150,     /**< RFC 3261 §17.2.1: 100 within 200 ms */
	SIPX_MIN_SE_S = 90,       /**< RFC 4028 */
	SIPX_REQUESTS_PER_S = 50, /**< of the other side, in one call */
	SIPX_CALL_ID_MAX = 256,   /**< longer ones are refused */
	SIPX_REFUSED_LINES_PER_S = 10,
	SIPX_TRUNKS_MAX = 16, /**< of one source address */
	SIPX_SOCKETS_MAX = 4, /**< UDP sockets of a stack */
	SIPX_URL_SIZE = 256,  /**< of an address of theirs as URL */
};

struct sipx_connections;
struct sipx_guard;
struct sipx_sockets;

struct sipx_counters {
	atomic_uint_fast64_t invites, taken, shed, strangers, strangers_silent,
		strangers_cut, dialled, sent[SIPX_NCLASSES];
	atomic_uint legs;
};

/** So many in a second, the rest not */
struct sipx_budget {
	int64_t second;
	unsigned used, per_s;
};

struct sipx_stack {
	/* set at start, then read-only */
	struct loop *loop;
	struct timers *timers;
	struct directory *dir;
	struct media_engine *media;
	enum call_refusal (*incoming)(void *arg, const struct leg_incoming *in);
	void *arg;
	char *bind, *public_address;
	uint16_t port;
	int64_t max_lag_us;
	unsigned linger_ms, session_s, glare_ms;
	const uint8_t *key;
	struct leg_factory factory;
	uint64_t salt; /**< random: tags, session ids */

	nua_t *nua;
	struct sipx_guard *guard;
	struct sipx_sockets *sockets;
	struct sipx_connections *connections; /**< NULL: not watched */

	uint64_t random;  /**< state of sipx_random() */
	GHashTable *legs; /**< Call-ID → leg; a reference each */
	struct sipx_budget strangers;
	struct sipx_budget others; /**< trunks' requests that are no call's */
	struct log_limit refused_log; /**< what trunks do wrong */
	int64_t shed_until_us;        /**< refuse until then */
	bool draining;

	/* stopping */
	bool stopping, destroyed;
	struct timer stop_timer;
	void (*stopped)(void *arg);
	void *stopped_arg;

	struct sipx_counters n; /**< any thread */
};

/** Where a leg is; forward only */
enum sipx_state {
	SIPX_CALLING,  /**< outgoing: no final response yet */
	SIPX_INVITED,  /**< incoming: no final response yet */
	SIPX_ANSWERED, /**< 200 is out, the ACK is not here */
	SIPX_UP,
	SIPX_OVER, /**< ended, or told to; answers and BYEs may be on the way */
	SIPX_NSTATES,
};

/** What a leg tells its call a moment later, outside leg_ops; in this order */
enum {
	SIPX_LATER_HEARD = 1 << 0,
	SIPX_LATER_EARLY = 1 << 1,
	SIPX_LATER_ENDED = 1 << 2,
	SIPX_LATER_CLOSED = 1 << 3,
};

struct sipx_leg {
	struct leg leg; /**< first: what the call holds */
	struct sipx_stack *stack;
	nua_handle_t *nh; /**< NULL once destroyed */
	char *call_id;
	char *name; /**< for the log: "sip CALL-ID" until a call has it */
	enum sipx_state state;
	const struct dir_trunk *trunk;   /**< a reference; NULL: a URI */
	char *info;                      /**< the call's `sip` member */
	char remote[SIPX_PEER_SIZE + 8]; /**< from where it came, as there */

	struct sipx_budget requests; /**< that may come in it */

	/* outgoing (invite.c) */
	bool outgoing; /**< the Call-ID is ours */
	bool dialling; /**< our INVITE has no final response yet */
	bool heard;    /**< anything came, and heard() was told */
	bool met;      /**< remote is where a response came from */
	bool rang;     /**< ringing() was told */
	bool answered_challenge;
	unsigned bad_early;             /**< 18x whose SDP was of no use */
	char early_tag[SIPX_TEXT_SIZE]; /**< To tag of the early answer */
	struct timer cancel_timer;      /**< when nothing answers our CANCEL */

	/* offer and answer */
	struct sdpx_desc *offer; /**< theirs; NULL: we offer (late offer) */
	struct sdpx_local local;
	struct sdpx_session sess;
	struct sdpx_origin origin;
	const struct codec *codecs[CODEC_NIDS];
	char *sdp;       /**< ours, as sent last; g_free() */
	bool agreed;     /**< sess holds what both said */
	bool sdp_done;   /**< agreed before the 200 (PRACK): none in it */
	bool can_100rel; /**< their Supported or Require */
	bool early;      /**< 183 went out */
	struct timer trying_timer; /**< 100, when nothing else went out */
	bool reoffered; /**< their re-INVITE had no SDP, ours waits for ACK */
	bool held;

	/* our hold (hold.c) */
	bool hold_want, hold_is, hold_asked; /**< the call; agreed; offered */
	bool reinviting;         /**< our re-INVITE has no final response yet */
	bool hold_challenged;    /**< a re-INVITE was, and went again */
	struct timer hold_timer; /**< to offer again after 491 */

	/* the end */
	bool is_stuck;   /**< nua waits for credentials, and BYE would, too */
	bool bye_waits;  /**< hung up between 200 and ACK */
	bool media_open; /**< media_leg_close() has not answered */
	bool deaf;       /**< no callback but closed() */
	bool closed;
	struct leg_end end;
	char end_text[SIPX_TEXT_SIZE]; /**< what end.sip_reason points to */
	unsigned later;
	struct timer later_timer;
};

/* ---- events.c, methods ---- */

/** One nua event, unpacked */
struct sipx_event {
	struct sipx_stack *stack;
	nua_handle_t *nh;
	struct sipx_leg *leg; /**< NULL: not (or no longer) a call's */
	nua_event_t event;
	int status;
	const char *phrase;
	const sip_t *sip; /**< may be NULL */
	tagi_t *tags;
};

void sipx_on_event(nua_event_t event, int status, const char *phrase,
		   nua_t *nua, nua_magic_t *magic, nua_handle_t *nh,
		   nua_hmagic_t *hmagic, const sip_t *sip, tagi_t tags[]);

void sipx_on_invite(const struct sipx_event *ev);   /* incoming.c */
void sipx_on_reinvite(const struct sipx_event *ev); /* reinvite.c */
void sipx_on_update(const struct sipx_event *ev);
void sipx_on_reinvite_ack(const struct sipx_event *ev);
void sipx_on_ack(const struct sipx_event *ev); /* answer.c */
void sipx_on_prack(const struct sipx_event *ev);
void sipx_on_cancel(const struct sipx_event *ev); /* bye.c */
void sipx_on_bye(const struct sipx_event *ev);
void sipx_on_bye_reply(const struct sipx_event *ev);
/** To what else we ask for in a call: INFO, UPDATE */
void sipx_on_reply(const struct sipx_event *ev);
void sipx_on_error(const struct sipx_event *ev);
void sipx_on_terminated(const struct sipx_event *ev);
void sipx_on_invite_reply(const struct sipx_event *ev);   /* invite.c */
void sipx_on_reinvite_reply(const struct sipx_event *ev); /* hold.c */
void sipx_on_options(const struct sipx_event *ev);        /* options.c */
void sipx_on_info(const struct sipx_event *ev);           /* info.c */
void sipx_on_shutdown(const struct sipx_event *ev);       /* stop.c */

/* ---- refuse.c ---- */

/** Answer a request finally and, when no leg has it, let go of its handle.
 * @param warning  Text of a Warning header, or NULL
 */
void sipx_refuse(const struct sipx_event *ev, int code, const char *warning);
void sipx_count_sent(struct sipx_stack *stack, int code);
/** Phrase of RFC 3261 and its kin, never NULL */
const char *sipx_phrase(int code);
/** "305 host \"text\"" for a Warning header */
void sipx_warning(char *out, size_t size, const struct sipx_stack *stack,
		  int code, const char *text);

/* ---- leg.c ---- */

extern const struct leg_ops sipx_leg_ops;

/** A leg for an INVITE, theirs or ours; the handle is bound to it.
 * @param trunk  Or NULL
 * @param first  A codec's name to be offered first, or NULL
 */
struct sipx_leg *sipx_leg_new(struct sipx_stack *stack, nua_handle_t *nh,
			      const char *call_id,
			      const struct dir_trunk *trunk, const char *first);
/** How digits travel */
enum dir_dtmf sipx_leg_dtmf(const struct sipx_leg *leg);
struct sipx_leg *sipx_leg_of(const struct leg *leg);
/** Do these a moment later, outside whatever runs now */
void sipx_leg_later(struct sipx_leg *leg, unsigned what);
/** It is over and the call has not asked for it: ended(), then closed() */
void sipx_leg_end(struct sipx_leg *leg, const struct leg_end *end);
/** It is over because the call said so: closed() only */
void sipx_leg_over(struct sipx_leg *leg);
/** leg_answer() or leg_progress() came to nothing and the INVITE is refused:
 * ended() follows, not failed(), as no action of the flow can mend it */
void sipx_leg_fail(struct sipx_leg *leg, int err, const char *why, int code);
/** After the last event: the handle goes */
void sipx_leg_forget(struct sipx_leg *leg);
void sipx_leg_note(struct sipx_leg *leg, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
bool sipx_leg_hears(const struct sipx_leg *leg);
/** For the log: "call ID", or the SIP Call-ID before there is a call */
const char *sipx_leg_name(struct sipx_leg *leg);

/* ---- outgoing.c, invite.c, hold.c, auth.c ---- */

/** leg_factory.dial; arg is the stack */
int sipx_dial(void *arg, const struct leg_dial *dial,
	      const struct leg_route *route, const struct leg_handler *handler,
	      void *handler_arg, struct leg **legp);
/** A response, of whatever kind, is being read: nua keeps 100 to itself */
void sipx_response_seen(struct sipx_stack *stack, const sip_t *sip);
/** heard(), once */
void sipx_tell_heard(struct sipx_leg *leg);
/** Acknowledge the 200 that is being handled.
 * @param sdp  Our answer, or NULL
 */
void sipx_ack(const struct sipx_event *ev, const char *sdp);
/** Our INVITE shall end: CANCEL as soon as they have answered anything */
void sipx_cancel(struct sipx_leg *leg);
/** leg_ops.hold */
int sipx_hold(struct leg *leg, bool on);
/** Offer what was held back while another offer was open */
void sipx_hold_go_on(struct sipx_leg *leg);
/** Once in a process, before nua: digest as trunks ask for it today */
void sipx_auth_register(void);
/** 401 or 407, from the wire */
bool sipx_is_challenge(const struct sipx_event *ev);
/** Answer a 401 or 407 with the trunk's credentials.
 * @return false: there are none for it */
bool sipx_authenticate(struct sipx_leg *leg, const sip_t *sip);

/* ---- answer.c, bye.c, info.c, reinvite.c ---- */

/** The INVITE waits for us: 100 when nothing better comes soon */
void sipx_trying(struct sipx_leg *leg);
int sipx_ring(struct leg *leg);
int sipx_progress(struct leg *leg);
int sipx_answer(struct leg *leg);
int sipx_hangup(struct leg *leg, const struct leg_end *end);
void sipx_bye(struct sipx_leg *leg);
/** Take their offer, all of it. @return 0, or the code that refuses it, with
 * everything as it was */
int sipx_take_offer(struct sipx_leg *leg, const sip_t *sip,
		    const char **warningp);
/** Tell the call when they held or resumed us */
void sipx_tell_held(struct sipx_leg *leg);
bool sipx_dtmf_by_info(const struct leg *leg);
int sipx_send_dtmf(struct leg *leg, char digit, unsigned duration_ms);
/** Which rejection stands for a reason (contract §5, hangup) */
int sipx_code_for(enum hangup_reason reason);

/* ---- sound.c: the leg's media and what SDP says about it ---- */

/** Find the SDP of a request: its body, or a part of it.
 * @return 0 (textp NULL: none), or the code that refuses it
 */
int sipx_body_sdp(const sip_t *sip, const char **textp, size_t *lenp);
/** Take their offer. @return 0, or the code that refuses it */
int sipx_sound_offer(struct sipx_leg *leg, const sip_t *sip,
		     const char **warningp);
/** Ports, and our SDP in leg->sdp (answer, or offer when late).
 * @return 0, EAGAIN (no port) or EINVAL
 */
int sipx_sound_describe(struct sipx_leg *leg);
/** Another offer of ours, in leg->sdp. @return 0 or EINVAL */
int sipx_sound_reoffer(struct sipx_leg *leg);
/** Take their answer to our offer.
 * @param again  The offer was a later one (sipx_sound_reoffer())
 * @return 0 or EPROTO
 */
int sipx_sound_accept(struct sipx_leg *leg, const sip_t *sip, bool again);
/** Start or change what flows, as leg->sess says */
int sipx_sound_start(struct sipx_leg *leg);
void sipx_sound_close(struct sipx_leg *leg);
/** The call's `media` member, {"audio": {codec, direction}}: JSON text;
 * g_free() it. NULL when nothing is agreed */
char *sipx_sound_json(const struct leg *leg);

/* ---- describe.c ---- */

/** The call's `sip` member, bounded and clean: JSON text; g_free() it.
 * @param sip     Their INVITE or response, or NULL
 * @param remote  Their address, "udp:192.0.2.1:5060"
 */
char *sipx_describe(const char *call_id, const sip_t *sip, const char *remote);

/* ---- source.c ---- */

/** "udp:192.0.2.1:5060" */
void sipx_peer_remote(char *out, size_t size, const struct sipx_peer *peer);
/** Does the caller keep its number to itself (Privacy, From)? */
bool sipx_is_withheld(const sip_t *sip);
/** Where requests in the dialog must go when their Contact is an address
 * behind NAT: to where this message came from.
 * @return false: to the Contact or route, as it says
 */
bool sipx_source_url(char *url, size_t size, const sip_t *sip,
		     const struct sipx_peer *peer);
/** Refreshes of the session go by UPDATE only to who says that it takes it */
bool sipx_takes_update(const sip_t *sip);

/* ---- shed.c ---- */

void sipx_budget_init(struct sipx_budget *budget, unsigned per_s);
bool sipx_budget_take(struct sipx_budget *budget, int64_t now_us);
/** Should a new call be refused now? */
bool sipx_overloaded(struct sipx_stack *stack);

/* ---- guard.c, reply.c, sockets.c ---- */

int sipx_guard_alloc(struct sipx_guard **guardp, struct sipx_stack *stack);
const msg_mclass_t *sipx_guard_mclass(const struct sipx_guard *guard);

/** Answer without a transaction, over UDP, by the socket of the stack.
 * @param retry_after_s  0 = none
 */
void sipx_reply(struct sipx_stack *stack, msg_t *msg, const sip_t *sip,
		int code, unsigned retry_after_s);
/** Is this ACK for such an answer? */
bool sipx_reply_is_ours(const struct sipx_stack *stack, const sip_t *sip);

/** Learn the sockets that sofia is about to open; one stack at a time */
int sipx_sockets_alloc(struct sipx_sockets **socketsp);
/** Tag for nua_create() by which the sockets find their stack */
tag_type_t sipx_sockets_tag(void);
size_t sipx_sockets_count(const struct sipx_sockets *sockets);
int sipx_sockets_fd(const struct sipx_sockets *sockets, size_t i);

/* ---- connections.c ---- */

/** Watch over the TCP connections of strangers, once the port is bound
 * @param max  As many are kept
 */
int sipx_connections_alloc(struct sipx_connections **connsp,
			   struct sipx_stack *stack, unsigned max);
/** No more: lets go of the port. Before nua is gone; NULL is fine */
void sipx_connections_close(struct sipx_connections *conns);

/* ---- stack.c, stop.c, log.c ---- */

/** For choices by chance, not for secrets */
uint64_t sipx_random(struct sipx_stack *stack);
void sipx_stop_check(struct sipx_stack *stack);
void sipx_stack_free(struct sipx_stack *stack);
void sipx_log_redirect(void);

#endif
