/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file call_connect.h  The inside of connect, for call_connect*.c
 *
 * Thread: loop. Counted; the caller's, from start to the moment that its flow
 * is told or gives it up. Callees are the table's: each tells here when it
 * ends, before it goes.
 */
#ifndef BIFRONS_CALL_CALL_CONNECT_H
#define BIFRONS_CALL_CALL_CONNECT_H

#include "call/call_priv.h"
#include "common/address.h"

enum {
	CONNECT_MAX = 32, /**< destinations */
};

enum connect_state {
	CONNECT_RINGING,   /**< callees ring, or are asked to confirm */
	CONNECT_ANSWERING, /**< one is the winner; the caller's answer is
			      awaited */
	CONNECT_BRIDGED,
	CONNECT_OVER, /**< the flow will be told, or gave it up */
	CONNECT_NSTATES,
};

struct call_connect {
	struct call *caller;
	enum connect_state state;

	/* what was asked for */
	struct address source;
	struct address *destinations;
	unsigned ndestinations, next; /**< to be rung */
	bool is_sequence, early_media, anonymous, hangup_on_star;
	unsigned timeout_ms, destination_timeout_ms, max_duration_ms;
	json_t *headers, *record;
	struct flow_doc *confirm; /**< or NULL */
	char *ring;               /**< country or URL, or NULL */
	char *codec;              /**< the caller's, or NULL */

	GPtrArray *callees;  /**< struct call, that ring or are bridged */
	struct call *winner; /**< one of them, or NULL */
	uint32_t ring_id;    /**< what plays to the caller; 0 = nothing */
	struct timer timer;  /**< of all the ringing; then of the bridge */
	struct timer over_timer;

	/* what came of it */
	struct call_time bridged;
	const char *status; /**< static; NULL = nothing yet */
	unsigned rank;
	char call_id[ID_SIZE];
	int64_t duration_ms;
	int sip_code;
	char recording_id[ID_SIZE]; /**< of the bridge; or "" */
};

/* ---- call_connect_new.c ---- */

/** @return What has rung nobody yet; obj_unref() it. NULL: a destination or
 * the source is none, or its trunk is not the account's */
struct call_connect *call_connect_new(struct call *caller,
				      const struct flow_connect *prm);

/* ---- call_connect_ring.c: what the caller hears meanwhile ---- */

/** Let it hear ringing, unless it does, or hears the callee */
void call_connect_ring(struct call_connect *con);
/** No more of that */
void call_connect_silence(struct call_connect *con);

#endif
