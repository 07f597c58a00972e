/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file call.h  One call leg: its state, its flow, its record
 *
 * Thread: loop only. Other threads reach a call by id through loop_post() and
 * call_find(). A call owns its leg and its flow; its record and its events are
 * written together (event/, store/).
 */
#ifndef BIFRONS_CALL_CALL_H
#define BIFRONS_CALL_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "call/leg.h"
#include "flow/flow_host.h"

struct call;
struct call_table;
struct clip_play;
struct clip_play_params;
struct clips;
struct db;
struct directory;
struct event_source;
struct call_record_ops;
struct fetch;
struct fetch_params;
struct fetcher;
struct flow_doc;
struct loop;
struct media_stats;
struct media_stream;
struct recorder;
struct recording;
struct recording_params;
struct store;
struct store_tx;
struct timers;
struct tone_list;

/** What calls ask of their leg's sound; tests put their own here. As the
 * functions of media/media.h.
 */
struct call_media_ops {
	uint32_t (*play_tones)(struct media_leg *leg, struct tone_list *list,
			       unsigned loops);
	uint32_t (*play_stream)(struct media_leg *leg,
				struct media_stream *stream);
	unsigned (*rate)(const struct media_leg *leg);
	uint32_t (*send_dtmf)(struct media_leg *leg, const char *digits,
			      unsigned duration_ms, unsigned interval_ms);
	void (*stop)(struct media_leg *leg);
	void (*echo)(struct media_leg *leg, bool on);
	void (*stats)(const struct media_leg *leg, struct media_stats *stats);
	int (*bridge)(struct media_leg *a, struct media_leg *b);
	void (*unbridge)(struct media_leg *leg);
	void (*mute)(struct media_leg *leg, bool in, bool out);
	void (*hold)(struct media_leg *leg, bool on);
	uint32_t (*tap)(struct media_leg *leg, struct media_tap *tap);
	void (*untap)(struct media_leg *leg, uint32_t tap_id);
};

/** What calls ask of clip/; tests put their own here. As clip_play_start() and
 * clip_play_stop().
 */
struct call_clip_ops {
	int (*start)(struct clip_play **playp, struct clips *clips,
		     const struct clip_play_params *prm,
		     struct media_stream **streamp);
	struct clip_play *(*stop)(struct clip_play *play);
};

/** What calls ask of fetch/; tests put their own here */
struct call_fetch_ops {
	int (*start)(struct fetch **fetchp, struct fetcher *fetcher,
		     const struct fetch_params *prm);
	void (*cancel)(struct fetch *fetch);
};

/** What calls ask of record/; tests put their own here */
struct call_record_ops {
	int (*start)(struct recording **recp, struct recorder *recorder,
		     const struct recording_params *prm);
	void (*end)(struct recording *rec);
};

/** What calls need of the world; kept by the table */
struct call_env {
	struct timers *timers;
	const struct clock *clock;
	struct store *store; /**< NULL in tests: commit() is used */
	/** Writes a transaction (store_commit, or a test's) */
	void (*commit)(void *arg, struct store_tx *tx);
	void *commit_arg;
	struct directory *dir;
	const struct event_source *events;
	unsigned max_calls;      /**< of the platform; 0 = none */
	unsigned ring_timeout_s; /**< 60: incoming, until answered */
	unsigned max_duration_s; /**< 14400 */
	void (*idle)(void *arg); /**< the last call has gone */
	void *idle_arg;
	const struct call_media_ops *media; /**< NULL: media.h's functions */
	struct clips *clips;                /**< NULL: nothing but tones */
	const struct call_clip_ops *clip;   /**< NULL: clip.h's functions */
	struct fetcher *fetcher;            /**< of flows; NULL: no HTTP */
	const struct call_fetch_ops *fetch; /**< NULL: fetch.h's functions */
	const uint8_t *key; /**< unseals signing secrets; NULL: unsigned */
	struct recorder *recorder;            /**< NULL: nothing is recorded */
	const struct call_record_ops *record; /**< NULL: record.h's functions */
};

int call_table_alloc(struct call_table **tablep, const struct call_env *env);

/** Take an incoming leg: call.created is emitted and the flow starts (from a
 * timer of 0 ms, so after the caller has returned).
 * On CALL_TAKEN in->leg's handler and arg are set and the leg is the call's;
 * otherwise the leg stays the caller's. A refused one is a record too.
 */
enum call_refusal call_incoming(struct call_table *table,
				const struct leg_incoming *in);

/** A party as it is written down; borrowed */
struct call_party {
	const char *type;   /**< "tel", "sip", "extension" */
	const char *target; /**< "+45…", "sip:bob@host", "1001@domain" */
	const char *name;   /**< or NULL */
};

/** An outgoing call as it is asked for, checked; borrowed */
struct call_origin {
	const char *account_id;
	struct call_party source, destination;
	const char *trunk_id; /**< or NULL */
	const char *flow_id;  /**< or NULL */
	struct flow_doc *doc; /**< what runs; a reference is taken */
	bool early_execution; /**< the flow starts when it rings */
	bool anonymous;
	bool auto_answer;           /**< the phone is asked to */
	unsigned timeout_s;         /**< until answered; 0 = the platform's */
	unsigned max_duration_s;    /**< 0 = the platform's */
	const json_t *headers;      /**< {"X-…": text}, or NULL */
	const json_t *variables;    /**< {name: text}, or NULL */
	const json_t *webhook;      /**< {url, events}, or NULL */
	const char *notes;          /**< or NULL */
	const char *parent_call_id; /**< or NULL */
	bool chained;               /**< ends when its parent does */
	const char *request_id;     /**< or NULL */
};

/** Make an outgoing call: call.created now, the rest a moment later. One that
 * cannot be placed (no_route, trunk_down, not_registered …) is a record that
 * ends as `failed` with that code. Over the account's max_cps it waits as
 * `queued`.
 * @param id  Set on CALL_TAKEN
 */
enum call_refusal call_create(struct call_table *table,
			      const struct call_origin *origin,
			      char id[ID_SIZE]);

/** Calls may go out by these from now on; the factory outlives the table */
void call_table_add_factory(struct call_table *table,
			    const struct leg_factory *factory);

/** Borrowed; NULL when no live call has this id */
struct call *call_find(const struct call_table *table, const char *id);

/** End it. @param by  HANGUP_BY_LOCAL for an API's wish
 * @return 0, or EALREADY when it is ending
 */
int call_hangup(struct call *call, const struct leg_end *end,
		const char *request_id);

/* ---- live verbs (call_verbs.c) ----
 *
 * Each returns 0, EALREADY when the call has ended or ends, EPROTO when it
 * cannot do that now (whyp: static, in words; nothing is changed), EINVAL,
 * or EAGAIN when a resource is short. Between call_request() calls what they
 * cause carries the request's id.
 */

/** Who shall hear it */
enum call_to {
	CALL_TO_PARTY, /**< the call's own */
	CALL_TO_PEER,  /**< whom it is bridged with */
	CALL_TO_BOTH,
};

/** What becomes of whom it is bridged with */
enum call_peer_fate {
	CALL_PEER_HANGUP,
	CALL_PEER_HOLD,
};

/** The request that acts until the next call of this; NULL = none */
void call_request(struct call *call, const char *request_id);
/** "POST play" and the like, for the timeline */
void call_note_request(struct call *call, const char *line);
/** Beside the flow: in a bridge, while it waits or echoes; EPROTO while it
 * plays something itself */
int call_verb_play(struct call *call, const struct flow_play *play,
		   enum call_to to, const char **whyp);
int call_verb_talk(struct call *call, const struct flow_talk *talk,
		   enum call_to to, const char **whyp);
/** Whatever plays to the party, the flow's too: that goes on then */
int call_verb_stop_media(struct call *call, const char **whyp);
int call_verb_dtmf(struct call *call, const struct flow_digits *digits,
		   const char **whyp);
int call_verb_mute(struct call *call, bool in, bool out, bool on,
		   const char **whyp);
int call_verb_hold(struct call *call, bool on, const char **whyp);
/** Replace what runs. @param doc  A reference is taken */
int call_verb_redirect(struct call *call, struct flow_doc *doc,
		       const char *flow_id, enum call_peer_fate peer,
		       const char **whyp);
int call_verb_record(struct call *call, const struct flow_record *prm,
		     char id[ID_SIZE], const char **whyp);
int call_verb_recording(struct call *call, enum flow_record_verb verb,
			const char *id, const char **whyp);
/** What PATCH may change; each NULL or 0 = as it is.
 * @param variables  {name: text or null}, checked */
int call_verb_patch(struct call *call, const json_t *variables,
		    const json_t *notes, unsigned max_duration_s,
		    const char **whyp);

/** As call_verb_recording(), for who has only the recording */
int call_recording_request(struct call *call, enum flow_record_verb verb,
			   const char *id, const char *request_id,
			   const char **whyp);
/** The live call that it is of; borrowed. NULL once its file is closed */
struct call *call_of_recording(const struct call_table *table,
			       const char *recording_id);
/** The recording as GET shows it now, text to g_free(); NULL: none of this call
 */
char *call_recording_text(const struct call *call, const char *id);
/** Once, when its file is closed: with its text, borrowed. Not from inside.
 * @return 0, or EALREADY: it is closed */
int call_recording_watch(struct call *call, const char *id,
			 void (*closed)(void *arg, const char *text),
			 void *arg);

/** The resource as GET shows it, a new object */
json_t *call_json(const struct call *call);

/** What happened on it and is no event: [{"at", "kind", "text", …}], the first
 * and the newest ones; new. It is stored with the call's end. */
json_t *call_timeline(const struct call *call);
const char *call_id(const struct call *call);
const char *call_account_id(const struct call *call);

/** End every call of an account (suspended), or all when NULL (stopping) */
void call_table_hangup_all(struct call_table *table, const char *account_id,
			   const struct leg_end *end);

/** Refuse new calls from now on (draining, stopping) */
void call_table_close(struct call_table *table);
bool call_table_is_closed(const struct call_table *table);

size_t call_table_count(const struct call_table *table);

struct call_stats {
	size_t live, incoming, outgoing;
	uint64_t created, answered, ended, refused;
	uint64_t by_reason[HANGUP_NREASONS];
	uint64_t recorded, record_failed, record_bytes;
};
void call_table_stats(const struct call_table *table, struct call_stats *st);

/** At start, before calls: every call that the store still shows as live was
 * lost with the process: it becomes ended with node_lost, the event's
 * sequence going on. Reads through db (blocks: not the loop), writes one
 * transaction. @return How many, or -1
 */
int call_recover(const struct call_env *env, struct db *db);

#endif
