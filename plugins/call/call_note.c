/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The timeline: how a call began is kept, and the newest; the middle goes */

#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "host/log.h"

static const char *const kinds[CALL_NOTE_NKINDS] = {
	[CALL_NOTE_STATE] = "state",     [CALL_NOTE_ATTEMPT] = "attempt",
	[CALL_NOTE_SIP] = "sip",         [CALL_NOTE_MEDIA] = "media",
	[CALL_NOTE_HTTP] = "http",       [CALL_NOTE_REQUEST] = "request",
	[CALL_NOTE_CONNECT] = "connect", [CALL_NOTE_RECORDING] = "recording",
};

/* Cut, if need be, but not inside a character */
static void copy_whole(char out[CALL_NOTE_SIZE], const char *text)
{
	size_t len = strlen(text);

	if (len >= CALL_NOTE_SIZE) {
		len = CALL_NOTE_SIZE - 1;
		while (len && (text[len] & 0xc0) == 0x80)
			--len;
	}
	memcpy(out, text, len);
	out[len] = '\0';
}

void call_note_as(struct call *call, enum call_note_kind kind, const char *line)
{
	struct call_note note = {.at_ms = call_now(call).wall_ms, .kind = kind};
	char *text = g_utf8_make_valid(line, -1);

	log_debug("call %s: %s", call->id, text);
	copy_whole(note.text, text);
	g_free(text);
	if (!call->notes)
		call->notes = g_array_sized_new(FALSE, FALSE, sizeof(note), 4);
	if (call->notes->len == CALL_NOTES_MAX) {
		g_array_remove_index(call->notes, CALL_NOTES_FIRST);
		++call->notes_dropped;
	}
	g_array_append_val(call->notes, note);
	call->notes_new = true;
}

void call_note(struct call *call, const char *line)
{
	call_note_as(call, CALL_NOTE_SIP, line);
}

void call_note_request(struct call *call, const char *line)
{
	call_note_as(call, CALL_NOTE_REQUEST, line);
}

static void append(json_t *out, int64_t at_ms, const char *kind,
		   const char *text)
{
	json_t *item = json_object();

	json_set_time(item, "at", at_ms);
	json_set_str(item, "kind", kind);
	json_set_str(item, "text", text);
	json_array_append_new(out, item);
}

json_t *call_timeline(const struct call *call)
{
	json_t *out = json_array();
	char text[CALL_NOTE_SIZE];
	unsigned i;

	for (i = 0; call->notes && i < call->notes->len; ++i) {
		const struct call_note *note =
			&g_array_index(call->notes, struct call_note, i);

		if (i == CALL_NOTES_FIRST && call->notes_dropped) {
			g_snprintf(text, sizeof(text), "%zu notes left out",
				   call->notes_dropped);
			append(out, note->at_ms, "left_out", text);
		}
		append(out, note->at_ms, kinds[note->kind], note->text);
	}

	return out;
}
