/* SPDX-License-Identifier: GPL-3.0-or-later */

/* Recordings of a call, as flows, digits and verbs ask for them */

#include "call/call_recording.h"

#include <errno.h>
#include <string.h>

#include "common/jsonw.h"
#include "common/str.h"

/* The newest that runs, or the one of this id; of all the newest first */
static struct call_recording *find(const struct call *call, const char *id)
{
	unsigned i = call->recordings ? call->recordings->len : 0;

	while (i-- > 0) {
		struct call_recording *rec = call->recordings->pdata[i];

		if (id ? str_eq(rec->id, id) : call_recording_runs(rec))
			return rec;
	}

	return NULL;
}

int call_recording_verb(struct call *call, enum flow_record_verb verb,
			const char *id)
{
	struct call_recording *rec = find(call, id);
	const bool pause = verb == FLOW_RECORD_PAUSE;

	if (!rec)
		return ENOENT;
	if (verb == FLOW_RECORD_STOP
		    ? !call_recording_runs(rec)
		    : rec->state != (pause ? RECORDING_ON : RECORDING_PAUSED))
		return EPROTO;

	call_turn_begin(call);
	if (verb == FLOW_RECORD_STOP) {
		call_recording_stop(rec, "stopped");
	} else {
		media_tap_pause(rec->tap, pause);
		(void)call_recording_set_state(rec, pause ? RECORDING_PAUSED
							  : RECORDING_ON);
		call_recording_write(rec, pause ? EVENT_RECORDING_PAUSED
						: EVENT_RECORDING_RESUMED);
	}
	call_turn_end(call);

	return 0;
}

bool call_recording_digit(struct call *call, char digit)
{
	unsigned i = call->recordings ? call->recordings->len : 0;

	while (i-- > 0) {
		struct call_recording *rec = call->recordings->pdata[i];

		if (!call_recording_runs(rec) || !strchr(rec->keys, digit))
			continue;
		call_recording_stop(rec, "key");
		return true;
	}

	return false;
}

void call_recording_tapped(struct call *call, uint32_t tap_id,
			   enum media_tap_end why)
{
	unsigned i;

	for (i = 0; call->recordings && i < call->recordings->len; ++i) {
		struct call_recording *rec = call->recordings->pdata[i];

		if (call_recording_runs(rec) && rec->tap_id == tap_id &&
		    call_recording_has_tap(rec))
			call_recording_stop(rec, call_recording_reason(why));
	}
}

void call_recordings_end(struct call *call)
{
	unsigned i;

	for (i = 0; call->recordings && i < call->recordings->len; ++i)
		if (call_recording_runs(call->recordings->pdata[i]))
			call_recording_stop(call->recordings->pdata[i],
					    "hangup");
}

void call_recordings_put(GString *out, const char *key, const struct call *call)
{
	unsigned i;

	jsonw_open(out, key, '[');
	for (i = 0; call->recordings && i < call->recordings->len; ++i) {
		const struct call_recording *rec = call->recordings->pdata[i];

		jsonw_str(out, NULL, rec->id);
	}
	jsonw_close(out, ']');
}

/* ---- for verbs ---- */

struct call *call_of_recording(const struct call_table *table,
			       const char *recording_id)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, table->calls);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct call_recording *rec = find(value, recording_id);

		if (rec && rec->rec)
			return value;
	}

	return NULL;
}

static void note(struct call *call, enum flow_record_verb verb, const char *id,
		 const char *why)
{
	static const char *const names[] = {
		[FLOW_RECORD_STOP] = "finished",
		[FLOW_RECORD_PAUSE] = "paused",
		[FLOW_RECORD_RESUME] = "recording",
	};
	char line[CALL_NOTE_SIZE];

	g_snprintf(line, sizeof(line), "PATCH recording %s: %s%s%s", id,
		   names[verb], why ? ": refused, " : "", why ? why : "");
	call_note_request(call, line);
}

static const char *refusal(int err, enum flow_record_verb verb)
{
	if (err != EPROTO)
		return "the call has ended";
	if (verb == FLOW_RECORD_PAUSE)
		return "it does not record now";

	return verb == FLOW_RECORD_RESUME ? "it is not paused" : "it has ended";
}

int call_recording_request(struct call *call, enum flow_record_verb verb,
			   const char *id, const char *request_id,
			   const char **whyp)
{
	int err;

	call_turn_begin(call);
	g_free(call->request_id);
	call->request_id = g_strdup(request_id);
	note(call, verb, id, NULL);
	err = call_recording_verb(call, verb, id);
	if (err) {
		*whyp = refusal(err, verb);
		note(call, verb, id, *whyp);
	}
	g_free(call->request_id);
	call->request_id = NULL;
	call_turn_end(call);

	return err;
}

char *call_recording_text(const struct call *call, const char *id)
{
	const struct call_recording *rec = id ? find(call, id) : NULL;

	return rec ? g_string_free(call_recording_put(rec), FALSE) : NULL;
}

int call_recording_watch(struct call *call, const char *id,
			 void (*closed)(void *arg, const char *text), void *arg)
{
	struct call_recording *rec = id ? find(call, id) : NULL;

	if (!rec || !rec->rec || rec->watch)
		return EALREADY;
	rec->watch = closed;
	rec->watch_arg = arg;

	return 0;
}
