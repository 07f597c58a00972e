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

struct call;
struct call_table;
struct clip_play;
struct clip_play_params;
struct clips;
struct db;
struct directory;
struct event_source;
struct loop;
struct media_stats;
struct media_stream;
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
};

int call_table_alloc(struct call_table **tablep, const struct call_env *env);

/** Take an incoming leg: call.created is emitted and the flow starts (from a
 * timer of 0 ms, so after the caller has returned).
 * On CALL_TAKEN in->leg's handler and arg are set and the leg is the call's;
 * otherwise the leg stays the caller's. A refused one is a record too.
 */
enum call_refusal call_incoming(struct call_table *table,
				const struct leg_incoming *in);

/** Borrowed; NULL when no live call has this id */
struct call *call_find(const struct call_table *table, const char *id);

/** End it. @param by  HANGUP_BY_LOCAL for an API's wish
 * @return 0, or EALREADY when it is ending
 */
int call_hangup(struct call *call, const struct leg_end *end,
		const char *request_id);

/** The resource as GET shows it, a new object */
json_t *call_json(const struct call *call);

/** What happened on it: [{"at", "note"}], the first and the newest ones; new */
json_t *call_timeline(const struct call *call);
const char *call_id(const struct call *call);
const char *call_account_id(const struct call *call);

/** End every call of an account (suspended), or all when NULL (stopping) */
void call_table_hangup_all(struct call_table *table, const char *account_id,
			   const struct leg_end *end);

/** Refuse new calls from now on (draining, stopping) */
void call_table_close(struct call_table *table);

size_t call_table_count(const struct call_table *table);

struct call_stats {
	size_t live, incoming, outgoing;
	uint64_t created, answered, ended, refused;
	uint64_t by_reason[HANGUP_NREASONS];
};
void call_table_stats(const struct call_table *table, struct call_stats *st);

/** At start, before calls: every call that the store still shows as live was
 * lost with the process: it becomes ended with node_lost, the event's
 * sequence going on. Reads through db (blocks: not the loop), writes one
 * transaction. @return How many, or -1
 */
int call_recover(const struct call_env *env, struct db *db);

#endif
