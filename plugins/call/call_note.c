/* SPDX-License-Identifier: GPL-3.0-or-later */

/* The timeline: how a call began is kept, and the newest; the middle goes */

#include "call/call_priv.h"
#include "common/json.h"
#include "common/str.h"
#include "host/log.h"

void call_note(struct call *call, const char *line)
{
	struct call_note note = {.at_ms = call_now(call).wall_ms};

	log_debug("call %s: %s", call->id, line);
	str_copy(note.text, sizeof(note.text), line);
	if (!call->notes)
		call->notes = g_array_sized_new(FALSE, FALSE, sizeof(note), 4);
	if (call->notes->len == CALL_NOTES_MAX) {
		g_array_remove_index(call->notes, CALL_NOTES_FIRST);
		++call->notes_dropped;
	}
	g_array_append_val(call->notes, note);
}

static void append(json_t *out, int64_t at_ms, const char *text)
{
	json_t *item = json_object();

	json_set_time(item, "at", at_ms);
	json_set_str(item, "note", text);
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
			append(out, note->at_ms, text);
		}
		append(out, note->at_ms, note->text);
	}

	return out;
}
