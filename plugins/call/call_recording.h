/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file call_recording.h  One recording of a call, for the files of
 * call_recording*.c
 *
 * Thread: loop. call_recording.c begins and ends it, call_recording_doc.c
 * writes it down, call_recording_verbs.c is asked by others.
 */
#ifndef BIFRONS_CALL_CALL_RECORDING_H
#define BIFRONS_CALL_CALL_RECORDING_H

#include "call/call_priv.h"
#include "record/record.h"

enum {
	RECORDING_KEYS_SIZE = 17,
};

enum call_recording_state {
	RECORDING_ON,
	RECORDING_PAUSED,
	RECORDING_ENDING, /**< nothing comes any more; the file is open */
	RECORDING_FINISHED,
	RECORDING_FAILED,
	RECORDING_NSTATES,
};

struct call_recording {
	struct call *call; /**< held while it runs */
	char id[ID_SIZE];
	enum call_recording_state state;
	enum record_format format;
	bool stereo;
	unsigned rate;
	char keys[RECORDING_KEYS_SIZE];
	bool wait; /**< the flow does */
	struct call_time started, over;
	struct timer beep_timer;
	const char *reason; /**< static, or NULL: not known yet */

	struct media_tap *tap; /**< NULL when it is over */
	uint32_t tap_id;       /**< 0 = the leg does not have it (yet) */
	const struct media_leg *tapped; /**< whose id that is; never followed:
					   the call may have another leg now */
	struct recording *rec;
	int err;
	struct recording_result res;

	void (*watch)(void *arg, const char *text);
	void *watch_arg;
};

/** Is it recording or paused? */
static inline bool call_recording_runs(const struct call_recording *rec)
{
	return rec->state == RECORDING_ON || rec->state == RECORDING_PAUSED;
}

/** Does the leg that the call has now hold its tap? */
bool call_recording_has_tap(const struct call_recording *rec);
int call_recording_set_state(struct call_recording *rec,
			     enum call_recording_state next);
/** Its document; g_string_free() it */
GString *call_recording_put(const struct call_recording *rec);
/** The row and its event, as call_write() does for the call */
void call_recording_write(struct call_recording *rec, enum event_type type);
/** The file is closed a moment later. @param reason  Static */
void call_recording_stop(struct call_recording *rec, const char *reason);
const char *call_recording_reason(enum media_tap_end why);

#endif
