/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file flow_trial_priv.h  The inside of a trial: a world without sound
 *
 * Thread: the trial's.
 */
#ifndef BIFRONS_FLOW_FLOW_TRIAL_PRIV_H
#define BIFRONS_FLOW_FLOW_TRIAL_PRIV_H

#include "flow/flow_run.h"
#include "flow/flow_trial.h"

enum {
	TRIAL_NEVER = -1,
	/* as on a call (call_recording.c): in all, and at once */
	TRIAL_RECORDINGS = 100,
	TRIAL_RECORDINGS_RUNNING = 4,
};

enum trial_recording_state {
	TRIAL_RECORDING_ON,
	TRIAL_RECORDING_PAUSED,
	TRIAL_RECORDING_OVER,
};

struct trial_recording {
	char id[ID_SIZE];
	enum trial_recording_state state;
};

struct flow_trial {
	const struct flow_trial_params *prm; /**< constant; the same below */
	const json_t *script;
	int64_t start_ms, sound_ms;
	bool scripted_answer; /**< the script says when it is answered */

	struct flow_run *run;
	int64_t now_ms; /**< since the start */
	size_t at;      /**< the script's next entry */
	/* when something is due, or TRIAL_NEVER */
	int64_t timer_ms, answer_ms, played_ms;
	bool answered, answering; /**< it was asked to */
	uint32_t ids, sound_id;   /**< sound_id 0 = nothing sounds */

	/* servers, callees, recordings (flow_trial_world.c) */
	bool scripted_http, scripted_connect, scripted_record;
	int64_t http_ms, connect_ms, record_ms; /**< due, as above */
	uint32_t http_id;
	bool connecting, bridged, star; /**< star: `*` ends the bridge */
	int64_t bridged_ms;
	unsigned bridge_max_ms;
	struct trial_recording recordings[TRIAL_RECORDINGS];
	unsigned nrecordings;
	struct trial_recording *waited; /**< RECORDED will follow; or NULL */
	char record_keys[32];
	const char *record_reason; /**< at record_ms */
	int64_t record_since_ms;

	size_t nsteps, noted; /**< noted: bytes */
	json_t *steps, *step; /**< step: the last one, borrowed */
	json_t *end;          /**< NULL until it is over */
};

/** What a flow may do to that world; the argument is the trial */
extern const struct flow_host flow_trial_host;

/** Note how it ended, unless it has */
void flow_trial_end(struct flow_trial *trial, const char *how);
/** Tell the run, unless it has ended */
void flow_trial_tell(struct flow_trial *trial, const struct flow_event *ev);
/** What the step does, unless it must not be seen, or there is too much */
void flow_trial_note(struct flow_trial *trial, const char *key,
		     const json_t *value);
void flow_trial_note_text(struct flow_trial *trial, const char *key,
			  const char *text);

/* ---- flow_trial_refuse.c ---- */

/** Is `connect`, `call` or `record` refused?
 * @param codep  Set when it is, static
 * @return 0, or errno as the host of a call */
int flow_trial_refusal(const struct flow_trial *trial, const char *what,
		       const char **codep);
/** Has `echo` or `mute` no media? @return 0 or ENOTCONN */
int flow_trial_without_media(const struct flow_trial *trial, const char *what);

/* ---- flow_trial_world.c; members of the host, as flow_host.h ---- */

/** Id of whoever answers a connect */
#define FLOW_TRIAL_CALLEE "00000000-0000-7000-8000-00000000ca11"

int flow_trial_http(void *arg, const struct flow_http *http, uint32_t *idp);
void flow_trial_http_cancel(void *arg, uint32_t id);
int flow_trial_connect(void *arg, const struct flow_connect *prm,
		       const char **codep);
void flow_trial_connect_cancel(void *arg);
int flow_trial_record(void *arg, const struct flow_record *prm,
		      char id[ID_SIZE], const char **codep);
int flow_trial_record_verb(void *arg, enum flow_record_verb verb,
			   const char *id);
int flow_trial_call(void *arg, const struct flow_call *prm, json_t **idsp,
		    const char **codep);

void flow_trial_world_start(struct flow_trial *trial);
/** What an entry of the script says of it */
void flow_trial_world_entry(struct flow_trial *trial, const json_t *entry);
/** @return true when it ended something, and is not the flow's */
bool flow_trial_world_digit(struct flow_trial *trial, char digit);
/* their time is up */
void flow_trial_http_due(struct flow_trial *trial);
void flow_trial_connect_due(struct flow_trial *trial);
void flow_trial_record_due(struct flow_trial *trial);

#endif
