/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What a caller hears while its callees ring: a tone or what the flow says,
 * as early media before its answer; its own phone's tone where that cannot
 * be; or a callee's early media.
 */

#include <string.h>

#include "call/call_connect.h"
#include "directory/directory.h"

static const char *tone_of(const struct call_connect *con)
{
	const struct call *caller = con->caller;
	const struct dir_account *account;

	if (con->ring && *con->ring)
		return call_ring_is_country(con->ring)
			       ? call_ring_tone(con->ring)
			       : con->ring;
	account = directory_account(caller->table->env.dir, caller->account_id);

	return call_ring_tone(account ? account->country : NULL);
}

static bool is_ringing(const struct call_connect *con)
{
	const struct call *caller = con->caller;

	return con->ring_id && caller->play.id == con->ring_id;
}

void call_connect_ring(struct call_connect *con)
{
	struct call *caller = con->caller;
	struct flow_play play = {.loops = 0};
	json_t *urls;
	int err;

	if (con->state != CONNECT_RINGING || is_ringing(con) ||
	    caller->bridge || caller->state == CALL_ENDED)
		return;

	urls = json_pack("[s]", tone_of(con));
	play.urls = urls;
	con->ring_id = 0;
	err = urls ? call_play_start(caller, &play, &con->ring_id) : -1;
	json_decref(urls);
	if (!err) {
		caller->play.by = CALL_PLAY_RING;
		return;
	}
	con->ring_id = 0;
	if (caller->state == CALL_RINGING && !caller->outgoing && caller->leg &&
	    caller->leg->ops->ring)
		caller->leg->ops->ring(caller->leg);
}

void call_connect_silence(struct call_connect *con)
{
	if (is_ringing(con))
		call_play_stop(con->caller);
	con->ring_id = 0;
}

void call_connect_ring_failed(struct call *call)
{
	struct call_connect *con = call->connect;

	if (!con || !con->ring)
		return;

	call_note_as(call, CALL_NOTE_MEDIA,
		     "ring_tone cannot be played: the usual one instead");
	g_free(con->ring);
	con->ring = NULL;
	con->ring_id = 0;
	call_connect_ring(con);
}

/* The caller hears this one until it answers, or is out */
static void listen_to(struct call_connect *con, struct call *callee)
{
	struct call *caller = con->caller;

	if (!con->early_media || con->state != CONNECT_RINGING ||
	    caller->bridge || callee->bridge || !callee->early ||
	    callee->state == CALL_ANSWERED || !call_is_running(caller))
		return;

	call_turn_begin(caller);
	if (call_bridge_open(caller, callee, true) == 0)
		call_connect_silence(con);
	call_turn_end(caller);
}

void call_connect_callee_early(struct call *callee)
{
	if (callee->wanted_by)
		listen_to(callee->wanted_by, callee);
}

void call_connect_callee_quiet(struct call *callee)
{
	if (callee->wanted_by)
		call_connect_ring(callee->wanted_by);
}

void call_connect_caller_early(struct call *call)
{
	struct call_connect *con = call->connect;
	unsigned i;

	for (i = 0; con && i < con->callees->len; ++i)
		listen_to(con, con->callees->pdata[i]);
}
