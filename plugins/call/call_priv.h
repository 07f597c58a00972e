/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file call_priv.h  The inside of calls, for the files of call/
 *
 * Thread: loop. Everything that comes from outside (a leg, a timer, a verb)
 * runs between call_turn_begin() and call_turn_end(): what it writes goes into
 * one transaction, in order, and the call lives until the end of it.
 */
#ifndef BIFRONS_CALL_CALL_PRIV_H
#define BIFRONS_CALL_CALL_PRIV_H

#include <glib.h>

#include "call/call.h"
#include "common/address.h"
#include "common/id.h"
#include "event/event.h"
#include "flow/flow_run.h"
#include "loop/timers.h"
#include "store/store.h"

enum {
	CALL_VARIABLES_MAX = 8 * 1024, /**< that travel with an event */
	CALL_NOTES_FIRST = 32,         /**< of the timeline, kept for good */
	CALL_NOTES_MAX = 32 + 480,     /**< with the newest */
	CALL_NOTE_SIZE = 160,
	CALL_PHRASE_SIZE = 64,
	CALL_TEXT_SIZE = 2048,  /**< its document's, mostly */
	CALL_NOISY_MAX = 10000, /**< noisy events of one call */
	CALL_NOISY_DELAY_MS = 100,
	CALL_HOLDS_MAX = 1000, /**< of one call that are told, and resumes */
	CALL_HTTPS_MAX = 16,   /**< of one call at once that nobody waits for */
	CALL_CHILDREN_MAX = 256, /**< that a call's document names */
	CALL_DIAL_TURN = 16,     /**< dialed before others get their turn */
	CALL_QUIET_MS = 60000,   /**< without media: it has gone */
	CALL_DIGIT_MS = 160,     /**< that is carried over a bridge */
	CALL_DIGIT_PAUSE_MS = 80,
	CALL_DIGITS_MS = 5000, /**< of them may wait to be carried over */
};

enum call_state {
	CALL_QUEUED,
	CALL_DIALING,
	CALL_RINGING,
	CALL_ANSWERED,
	CALL_ENDED,
	CALL_NSTATES,
};

const char *call_state_name(enum call_state state);

/** A moment, for people and for durations; wall_ms 0 = not yet */
struct call_time {
	int64_t wall_ms, mono_ms;
};

struct call_address {
	const char *type; /**< static or NULL */
	char *target;
	char *name; /**< or NULL */
};

/** One device, trunk host or browser that the call is tried on */
struct call_attempt {
	struct call *call;
	struct leg *leg; /**< NULL before dial() and after closed() */
	char trunk_id[ID_SIZE];
	char *host; /**< or NULL */
	enum call_state state;
	bool heard; /**< the other side knows of it */
	bool early; /**< it has early media */
	struct timer give_up_timer;
	struct call_time at;
	int sip_code; /**< it came to this; 0 = not yet, or none */
};

/** How it ended; texts copied */
struct call_end {
	enum hangup_by by;
	enum hangup_reason reason;
	const char *code; /**< static or NULL */
	int sip_code;
	char sip_reason[CALL_PHRASE_SIZE];
};

/** Who wants it to be heard */
enum call_play_by {
	CALL_PLAY_FLOW,
	CALL_PLAY_RING,    /**< connect: the callee rings */
	CALL_PLAY_HOLD,    /**< one of a bridge is on hold */
	CALL_PLAY_REQUEST, /**< a live verb */
};

/** What plays. Its own ids: a list is several plays of the media. */
struct call_play {
	uint32_t id; /**< 0 = nothing */
	enum call_play_by by;
	uint32_t media_id; /**< 0 = waits for the media to run */
	bool async; /**< the flow does not wait: an event tells its end */
	json_t *urls;
	size_t at;
	unsigned left; /**< passes, with this one; when not endless */
	bool endless;
	uint32_t seek_ms; /**< of the first one, once */
	double gain_db;
	char *text, *language, *voice, *provider; /**< a text, or NULL */
	bool by_clips;                            /**< clip/ feeds a stream: */
	struct clip_play *clip;                   /**< it runs */
	const char *code;                         /**< why it broke; static */
	char *why;
	/** Digits by signalling, one after the other; NULL = none */
	char *digits;
	size_t digit_at;
	unsigned duration_ms, interval_ms;
};

enum call_note_kind {
	CALL_NOTE_STATE,
	CALL_NOTE_ATTEMPT, /**< a way that is tried, and what came of it */
	CALL_NOTE_SIP,     /**< signalling: what a leg says of itself */
	CALL_NOTE_MEDIA,
	CALL_NOTE_HTTP,
	CALL_NOTE_REQUEST, /**< of the API */
	CALL_NOTE_CONNECT,
	CALL_NOTE_RECORDING,
	CALL_NOTE_NKINDS,
};

struct call_note {
	int64_t at_ms;
	enum call_note_kind kind;
	char text[CALL_NOTE_SIZE];
};

struct call {
	struct call_table *table;
	char id[ID_SIZE];
	char account_id[ID_SIZE];
	char trunk_id[ID_SIZE]; /**< "" = none; the same below */
	char number_id[ID_SIZE];
	char flow_id[ID_SIZE];
	bool outgoing;
	struct call_address source, destination;

	enum call_state state;
	/* outgoing (call_queue.c, call_dial.c) */
	GList *queued;          /**< its place in the queue, or NULL */
	struct call_dial *dial; /**< while it has ways to try, or NULL */
	json_t *headers;        /**< to go out, or NULL */
	char *codec_hint;       /**< to offer first, or NULL */
	bool anonymous;
	bool auto_answer;        /**< the phone is asked to */
	bool early_execution;    /**< the flow starts when it rings */
	unsigned timeout_ms;     /**< until answered, 0 = the platform's */
	unsigned max_duration_s; /**< 0 = the platform's */

	/* others */
	char parent_id[ID_SIZE];      /**< "" = none */
	char peer_id[ID_SIZE];        /**< whom it is bridged with, or "" */
	GPtrArray *children;          /**< ids of calls it made; NULL = none */
	bool chained;                 /**< it ends with its parent */
	struct call_connect *connect; /**< what its flow waits for, or NULL */
	struct call_connect *wanted_by; /**< whose callee it is, or NULL */
	struct call_bridge *bridge;     /**< of both; NULL = alone */
	bool muted_in, muted_out;
	bool held_by_us, held_by_party;
	unsigned holds;     /**< and resumes that were told */
	json_t *notes_text; /**< what an API's client noted, or NULL */

	GPtrArray *attempts;          /**< struct call_attempt */
	struct call_attempt *attempt; /**< whose leg is the call's, or NULL */
	struct leg *leg;              /**< its leg, or NULL */
	const char *endpoint;         /**< static */
	bool early;                   /**< early media runs */
	bool answering;               /**< asked the leg to */
	bool counted;                 /**< in the limits' counts */
	struct call_time created, ringing, answered, ended;
	struct call_end end;
	char *sip, *media; /**< JSON text, as the leg described them; or NULL */
	char *quality;     /**< JSON text, of media; or NULL */
	char *remote;      /**< from where it came; or NULL */
	json_t *webhook;   /**< {url, events} of its own endpoint, or NULL */

	struct flow_doc *doc;
	struct flow_vars *vars;
	struct flow_run *run; /**< NULL without a flow */
	struct call_play play;
	uint32_t play_ids;

	struct call_http *http; /**< whom the flow waits for, or NULL */
	uint32_t http_ids;
	unsigned https; /**< that nobody waits for, under way */

	struct timer start_timer; /**< the flow's start */
	struct timer flow_timer;
	struct timer dtmf_timer;  /**< until the next digit by signalling */
	struct timer limit_timer; /**< ring timeout, then maximum duration */
	struct timer quiet_timer; /**< of one that was quiet as it rang: */
	bool was_quiet;
	uint64_t quiet_packets;     /**< had come until then */
	struct timer quality_timer; /**< the next look, once answered */
	struct timer flush_timer;

	/* what is written (call_record.c) */
	unsigned turns;
	struct store_tx *tx;
	bool urgent; /**< the transaction goes at the end of the turn */
	bool stored; /**< its row is inserted */
	int64_t sequence;
	unsigned noisy;
	char *request_id; /**< of the request that acts now, or NULL */

	int64_t pressed_ms; /**< until when carried digits take, monotonic */

	GPtrArray *recordings; /**< struct call_recording; NULL = none */

	const char *over; /**< the limit that refused it, in words, or NULL */

	GArray *notes; /**< struct call_note; NULL = none yet */
	size_t notes_dropped;
	bool notes_new; /**< some are not stored yet */
};

struct call_table {
	struct call_env env;
	GHashTable *calls;  /**< id -> call, owned */
	GHashTable *usages; /**< id -> call_usage (call_limits.c), or NULL */
	GHashTable *queues; /**< account's id -> struct call_queue */
	const struct leg_factory **factories; /**< or NULL */
	unsigned nfactories;
	unsigned live; /**< not ended */
	bool closed;
	struct call_stats stats;
	struct timer alive_timer; /**< while there are calls */
};

/* ---- call_alive.c ---- */

/** Write now and then that the process lives; call_table.c says when */
void call_alive_start(struct call_table *table);
void call_alive_stop(struct call_table *table);
/** When this node last wrote it, ms since 1970, or 0. Blocks: at start only */
int64_t call_alive_read(const struct call_env *env, struct db *db);

/* ---- call_new.c ---- */

/** Make a call that is in no table; free with obj_unref() */
struct call *call_new(struct call_table *table, const struct leg_incoming *in);
/** The same of an outgoing one, as CALL_QUEUED */
struct call *call_new_outgoing(struct call_table *table,
			       const struct call_origin *origin);

/* ---- call_create.c ---- */

/** As call_create(), and the call: borrowed */
enum call_refusal call_create_call(struct call_table *table,
				   const struct call_origin *origin,
				   struct call **callp);
/** A refused call is a record too: created and ended at once. The leg is the
 * caller's, so it hears nothing of it. */
void call_refuse(struct call *call, enum call_refusal refusal);
/** What is chained to it ends */
void call_children_end(struct call *call);

/* ---- call_queue.c: outgoing calls wait for their account's max_cps ---- */

void call_queue_add(struct call *call);
void call_queue_remove(struct call *call);
void call_queue_free(void *arg);

/* ---- call_dial.c: the ways to a destination, one after the other ---- */

/** From QUEUED: find the ways and begin */
void call_dial_start(struct call *call);
/** An attempt came to nothing */
void call_dial_failed(struct call_attempt *att, const struct leg_end *end);
/** It rang for too long */
void call_dial_timeout(struct call *call);
void call_dial_forget(struct call *call);
/** How much a result says of the callee: busy more than noanswer */
unsigned call_reason_rank(enum hangup_reason reason);

/* ---- call.c ---- */

int call_set_state(struct call *call, enum call_state next);
/** End it: the flow is canceled, every leg told (but the one that ended by
 * itself), the record written. @return 0, or EALREADY */
int call_end(struct call *call, const struct leg_end *end);
void call_turn_begin(struct call *call);
void call_turn_end(struct call *call);
struct call_time call_now(const struct call *call);
/** What happened to its leg, from call_attempt.c */
void call_ringing(struct call *call);
void call_answered(struct call *call);
void call_leg_early(struct call *call);
void call_leg_failed(struct call *call, int err, const char *why);
void call_digit(struct call *call, char digit, unsigned duration_ms,
		bool in_media);

/* ---- call_attempt.c ---- */

extern const struct leg_handler call_attempt_handler;
/** One that has no leg yet, nor ever if dialing fails */
struct call_attempt *call_attempt_new(struct call *call, const char *trunk_id,
				      const char *host);
/** It leads nowhere: its leg is hung up */
void call_attempt_hangup(struct call_attempt *att, const struct leg_end *end);
/** Take a leg in: its handler is set */
struct call_attempt *call_attempt_add(struct call *call, struct leg *leg,
				      const char *trunk_id);
void call_attempt_free(void *arg);
/** Hang up every leg that is there. @return The SIP code that went out */
int call_attempts_hangup(struct call *call, const struct leg_end *end);
/** But for this one */
void call_attempts_cancel(struct call *call, const struct call_attempt *but,
			  const struct leg_end *end);
/** May any still be answered? */
bool call_attempts_are_pending(const struct call *call);
/** Is any leg still there? */
bool call_attempts_are_open(const struct call *call);

/* ---- call_table.c ---- */

void call_table_add(struct call_table *table, struct call *call);
void call_table_remove(struct call_table *table, struct call *call);

/* ---- call_limits.c ---- */

/** May there be one more? It is counted then. */
enum call_refusal call_limits_take(struct call *call);
void call_limits_give(struct call *call);
/** Take a queued call's turn out of max_cps, of its account and its trunk.
 * @return 0: it may go; else when to ask again, ms */
int64_t call_limits_wait_ms(struct call *call);
/** May the record of a refused call be written? A flood is only counted. */
bool call_limits_may_record(struct call *call);
void call_usage_free(void *arg);

/* ---- call_host.c, call_play.c, call_clip.c, call_media.c ---- */

extern const struct flow_host call_flow_host;
extern const struct call_media_ops call_media_default;
extern const struct call_clip_ops call_clip_default;
/** Start the flow, if it has one and it did not start yet */
void call_flow_start(struct call *call);
/** The same, from a timer */
void call_flow_start_soon(struct call *call);
void call_flow_event(struct call *call, const struct flow_event *ev);

/** Answer an incoming one, or wait for the answer of an outgoing one.
 * @return 0: answered() or failed() follows; EALREADY, or errno */
int call_answer(struct call *call);
/** Is what plays heard now? */
bool call_is_running(const struct call *call);
int call_play_start(struct call *call, const struct flow_play *play,
		    uint32_t *idp);
int call_talk_start(struct call *call, const struct flow_talk *talk,
		    uint32_t *idp);
void call_play_stop(struct call *call);
/** The media runs: what waits for it plays */
void call_play_ready(struct call *call);
/** The media will not run */
void call_play_fail(struct call *call, int err, const char *why);
/** The media played it */
void call_play_over(struct call *call, uint32_t media_id, int err);
/** Make room for a play and give it an id; what sounds is the media's to
 * replace */
void call_play_begin(struct call *call);
void call_play_forget(struct call *call);
/** The present play is over: the flow is told.
 * @param code  Static, or NULL
 * @param why   May be the play's own */
void call_play_finish(struct call *call, int err, const char *code,
		      const char *why);
/** Feed it by clips. @return 0 or errno */
int call_clip_begin(struct call *call);
void call_clip_forget(struct call *call);
/** call_dtmf.c. @return 0, ENOTCONN before the answer, or EINVAL */
int call_dtmf_start(struct call *call, const struct flow_digits *prm,
		    uint32_t *idp);

/* ---- call_record.c ---- */

/** The row and its event, in the transaction of this turn */
void call_write(struct call *call, enum event_type type);
/** The row alone */
void call_save(struct call *call);
/** An event alone; data is taken. Noisy ones may wait a little. */
void call_emit(struct call *call, enum event_type type, json_t *data);
/** The same with data as JSON text, borrowed */
void call_emit_text(struct call *call, enum event_type type, const char *data);
/** Its timeline, if there is anything new in it */
void call_write_timeline(struct call *call);
void call_env_commit(const struct call_env *env, struct store_tx *tx);
/** Hand the transaction over, if it should go now */
void call_flush(struct call *call, bool now);

/* ---- call_http.c: what a flow asks of servers ---- */

extern const struct call_fetch_ops call_fetch_default;
/** As flow_host.http() */
int call_http_start(struct call *call, const struct flow_http *http,
		    uint32_t *idp);
void call_http_cancel(struct call *call, uint32_t id);
/** The call ends: whom the flow waits for is given up */
void call_http_forget(struct call *call);

/* ---- call_recording.c ---- */

/** flow_host's record() and record_verb() */
int call_recording_start(struct call *call, const struct flow_record *prm,
			 char id[ID_SIZE], const char **codep);
int call_recording_verb(struct call *call, enum flow_record_verb verb,
			const char *id);
/** A digit ends a recording that waits for it: then it is nobody else's.
 * @return true when it did */
bool call_recording_digit(struct call *call, char digit);
/** leg_handler.tapped */
void call_recording_tapped(struct call *call, uint32_t tap_id,
			   enum media_tap_end why);
/** The call ends, before its leg is told: all of them end as "hangup" */
void call_recordings_end(struct call *call);
/** Their ids, for the call's document: ["…"] */
void call_recordings_put(GString *out, const char *key,
			 const struct call *call);
void call_recordings_free(struct call *call);
extern const struct call_record_ops call_record_default;

/* ---- call_recording_recover.c ---- */

/** Close what a crash left of recordings, in the calls' transaction.
 * @param sequences  call's id -> int64_t, of the events that are in it
 * @return How many, or -1. Blocks */
int call_recordings_recover(const struct call_env *env, struct db *db,
			    struct store_tx *tx, GHashTable *sequences,
			    int64_t alive_ms);

/* ---- call_webhook.c ---- */

/** What its number says; a new reference, or NULL */
json_t *call_number_webhook(const struct call *call);
/** With the call's row: the row of its own endpoint, if it has one */
void call_webhook_add(struct call *call);

/* ---- call_json.c ---- */

/** Append the call without its variables, as text */
void call_put(GString *out, const struct call *call);
/** Into what call_put() appended: up to max bytes of variables */
void call_put_variables(GString *out, const struct call *call, size_t max);
void call_put_step(GString *out, const char *key, const struct flow_step *step);
/** A new object */
json_t *call_hangup_json(const struct call_end *end);
/** @return NULL for "" */
const char *call_opt_id(const char *id);

/* ---- call_bridge.c ---- */

/** Let them hear each other, early: while one rings yet, sound only.
 * @return 0, EALREADY, EBUSY, or errno */
int call_bridge_open(struct call *a, struct call *b, bool early);
/** No more, on both sides; nothing when it is in none */
void call_bridge_close(struct call *call);
/** Whom it talks with; borrowed, or NULL */
struct call *call_bridge_peer(const struct call *call);
bool call_bridge_is_early_with(const struct call *call,
			       const struct call *peer);
void call_bridge_digit(struct call *call, char digit, unsigned duration_ms,
		       bool in_media);

/* ---- call_hold.c ---- */

/** The party held or resumed us */
void call_party_held(struct call *call, bool on);
/** We hold the party. @return 0, EALREADY, ENOTCONN or errno */
int call_hold(struct call *call, bool on);
/** What who is held hears; off: only that is stopped */
void call_hold_music(struct call *call, bool on);
/** Something else that played is over: the music, if it is on hold */
void call_hold_music_again(struct call *call);
/** @return 0, ENOTCONN before there is media, ENOTSUP */
int call_mute(struct call *call, bool in, bool out, bool on);

/* ---- call_connect.c ---- */

/** flow_host's connect() and connect_cancel() */
int call_connect_start(struct call *call, const struct flow_connect *prm,
		       const char **codep);
void call_connect_cancel(struct call *call);
void call_connect_free(struct call *call);
/** What happened to whom it concerns; nothing for all others */
void call_connect_caller_early(struct call *call);
void call_connect_caller_answered(struct call *call);
void call_connect_caller_failed(struct call *call);
void call_connect_callee_early(struct call *callee);
/** Its early media may be gone */
void call_connect_callee_quiet(struct call *callee);
void call_connect_callee_answered(struct call *callee);
void call_connect_callee_ended(struct call *callee);
/** Its flow is at its end. @return false: it has no say in this */
bool call_connect_callee_confirmed(struct call *callee);
/** @return true when that ended the bridge */
bool call_connect_digit(struct call *call, char digit);
/** It goes its own way: its caller's flow is told that it refused, or nothing
 * where they talked already */
void call_connect_leave(struct call *callee);
/** What should ring cannot be played */
void call_connect_ring_failed(struct call *call);

/* ---- call_ring.c ---- */

/** A country's ringing tone; NULL or unknown: the usual one. Static */
const char *call_ring_tone(const char *country);
bool call_ring_is_country(const char *text);

/* ---- call_others.c ---- */

/** flow_host's call() */
int call_others(struct call *call, const struct flow_call *prm, json_t **idsp,
		const char **codep);
/** @return false when it is none */
bool call_read_address(struct address *addr, const json_t *value);
bool call_may_use_trunk(const struct call *call, const char *trunk_id);
/** Name of its codec; g_free() it. NULL = none yet */
char *call_codec(const struct call *call);

/* ---- call_timers.c ---- */

void call_timers_ringing(struct call *call);
/** An incoming call may ring for so much longer, as others are rung for it */
void call_timers_wait(struct call *call, int64_t ms);
void call_timers_answered(struct call *call);
void call_timers_stop(struct call *call);

/* ---- call_quality.c ---- */

/** Take the figures of its media into call->quality. @return There are any */
bool call_quality_look(struct call *call);
/** From now on that is told every 30 s */
void call_quality_watch(struct call *call);

/* ---- call_note.c ---- */

void call_note_as(struct call *call, enum call_note_kind kind,
		  const char *line);
/** The same as CALL_NOTE_SIP */
void call_note(struct call *call, const char *line);

#endif
