/* SPDX-License-Identifier: GPL-3.0-or-later */

/* record and recording_start: the one waits, the other does not */

#include <errno.h>
#include <string.h>

#include "actions/actions.h"
#include "common/id.h"
#include "common/json.h"
#include "common/str.h"

enum {
	RECORD_S_MAX = 4 * 3600,
};

/** The run's state, of record */
struct record {
	char id[ID_SIZE];
};

static const char all_keys[] = "0123456789ABCD*#";

static const char *check_key(const char *value)
{
	if (str_eq(value, "any") || str_eq(value, "none"))
		return NULL;

	return action_check_keys(value);
}

static const char *check_format(const char *value)
{
	if (str_eq(value, "webm"))
		return "pictures cannot be recorded yet: wav, ogg or mp3";
	if (!str_eq(value, "wav") && !str_eq(value, "ogg") &&
	    !str_eq(value, "mp3"))
		return "must be one of wav, ogg, mp3";

	return NULL;
}

static const char *const channels[] = {"mono", "stereo", NULL};

#define RECORD_OPTS(max_s, silence_s, keys, beep)                              \
	{.name = "format",                                                     \
	 .type = OPT_STRING,                                                   \
	 .max = 8,                                                             \
	 .def = "\"wav\"",                                                     \
	 .check = check_format,                                                \
	 .doc = "Of the file: `wav`, `ogg` (Opus) or `mp3`."},                 \
		{.name = "channels",                                           \
		 .type = OPT_STRING,                                           \
		 .values = channels,                                           \
		 .def = "\"stereo\"",                                          \
		 .doc = "`stereo`: the party left, what it hears right; "      \
			"`mono`: both in one."},                               \
		{.name = "max_duration_s",                                     \
		 .alias = "duration",                                          \
		 .type = OPT_INT,                                              \
		 .min = 0,                                                     \
		 .max = RECORD_S_MAX,                                          \
		 .def = max_s,                                                 \
		 .doc = "Longest time, in seconds; 0 = no limit."},            \
		{.name = "end_of_silence_s",                                   \
		 .alias = "end_of_silence",                                    \
		 .type = OPT_INT,                                              \
		 .min = 0,                                                     \
		 .max = RECORD_S_MAX,                                          \
		 .def = silence_s,                                             \
		 .doc = "The party's silence that ends it, in seconds; 0 = "   \
			"none."},                                              \
		{.name = "end_of_key",                                         \
		 .type = OPT_STRING,                                           \
		 .max = 16,                                                    \
		 .def = keys,                                                  \
		 .check = check_key,                                           \
		 .doc = "Keys that end it, or `any`; \"\" or `none`: none. "   \
			"Such a key is nobody else's."},                       \
		{.name = "beep_start",                                         \
		 .type = OPT_BOOL,                                             \
		 .def = beep,                                                  \
		 .doc = "A beep before it begins."},                           \
	{                                                                      \
		.name = "video", .type = OPT_BOOL, .def = "false",             \
		.doc = "Not available yet."                                    \
	}

static const struct opt record_opts[] = {
	RECORD_OPTS("120", "5", "\"#\"", "true"),
	OPT_END,
};

const struct opt action_recording_opts[] = {
	RECORD_OPTS("0", "0", "\"\"", "false"),
	OPT_END,
};

void action_recording_check(const json_t *option, const char *pointer,
			    struct opt_faults *faults)
{
	char ptr[256];

	if (!json_flag(option, "video", false))
		return;
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), "video");
	opt_fault(faults, ptr, "pictures cannot be recorded yet");
}

static const char *keys_of(const json_t *o)
{
	const char *keys = json_str(o, "end_of_key", "");

	if (str_eq(keys, "any"))
		return all_keys;

	return str_eq(keys, "none") ? "" : keys;
}

void action_recording_of(struct flow_record *prm, const json_t *option)
{
	*prm = (struct flow_record){
		.format = json_str(option, "format", "wav"),
		.stereo = str_eq(json_str(option, "channels", ""), "stereo"),
		.max_duration_ms =
			(unsigned)json_int(option, "max_duration_s", 0) * 1000,
		.end_of_silence_ms =
			(unsigned)json_int(option, "end_of_silence_s", 0) *
			1000,
		.end_of_key = keys_of(option),
		.beep_start = json_flag(option, "beep_start", false),
	};
}

static const char *why_of(int err)
{
	switch (err) {
	case EBUSY:
		return "four recordings run already";
	case EDQUOT:
		return "a call has 100 recordings at most";
	case ENOTCONN:
		return "there is no media to record";
	default:
		return strerror(err);
	}
}

/* @return 0, or errno after flow_fail() */
static int begin(struct flow_run *run, bool wait, char id[ID_SIZE])
{
	struct flow_record prm;
	const char *code = NULL;
	int err = ENOTSUP;

	action_recording_of(&prm, flow_opts(run));
	prm.wait = wait;
	if (flow_host(run)->record)
		err = flow_host(run)->record(flow_host_arg(run), &prm, id,
					     &code);
	if (!err)
		return flow_set(run, "recording.id", id, false);
	flow_fail(run, code ? code : "recording_failed", "%s", why_of(err));

	return err;
}

static enum act record_start(struct flow_run *run)
{
	struct record *rec = flow_state(run);

	return begin(run, true, rec->id) ? ACT_FAILED : ACT_WAIT;
}

static enum act record_event(struct flow_run *run, const struct flow_event *ev)
{
	const struct record *rec = flow_state(run);
	const struct flow_recorded *how = ev->recorded;
	char ms[32];

	if (ev->type != FLOW_EV_RECORDED || !str_eq(how->id, rec->id))
		return ACT_WAIT;

	snprintf(ms, sizeof(ms), "%lld", (long long)how->duration_ms);
	if (flow_set(run, "recording.duration_ms", ms, false) ||
	    flow_set(run, "recording.reason", how->reason, false))
		return ACT_FAILED;
	if (str_eq(how->reason, "failed"))
		return flow_fail(run, "recording_failed", "%s",
				 ev->why ? ev->why
					 : strerror(ev->err ? ev->err : EIO));

	return ACT_NEXT;
}

static void record_cancel(struct flow_run *run)
{
	const struct record *rec = flow_state(run);

	if (flow_host(run)->record_verb)
		(void)flow_host(run)->record_verb(flow_host_arg(run),
						  FLOW_RECORD_STOP, rec->id);
}

static enum act recording_start_start(struct flow_run *run)
{
	char id[ID_SIZE] = "";

	return begin(run, false, id) ? ACT_FAILED : ACT_NEXT;
}

const struct action_type action_record = {
	.name = "record",
	.flags = ACTION_ANSWERS,
	.opts = record_opts,
	.check = action_recording_check,
	.start = record_start,
	.event = record_event,
	.cancel = record_cancel,
	.doc = "Records the call and waits until that ends: by silence, by a "
	       "key, in time, or because it is stopped over the API. What "
	       "can break: `recording_failed` (the disk is full, or nothing "
	       "can be written), `wrong_state` (four recordings run already), "
	       "`busy` (too many are written, or the call has 100).",
	.sets = "`recording.id`, `recording.duration_ms`, `recording.reason`: "
		"`silence`, `key`, `duration`, `stopped`, `failed`; `hangup` "
		"in the recording itself when the party hung up",
	.example = "{\"type\": \"record\", \"option\": {\"format\": \"mp3\", "
		   "\"max_duration_s\": 60}}",
};

const struct action_type action_recording_start = {
	.name = "recording_start",
	.flags = ACTION_ANSWERS,
	.opts = action_recording_opts,
	.check = action_recording_check,
	.start = recording_start_start,
	.doc = "Begins to record and goes on with the next action; the "
	       "recording ends with the call, by `recording_stop`, or by its "
	       "options. It breaks as `record` does.",
	.sets = "`recording.id`",
	.example = "{\"type\": \"recording_start\", \"option\": {\"format\": "
		   "\"ogg\"}}",
};
