/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What each event's `data` is; docs/events.md says it in words */

#include "api/openapi_priv.h"

#include "common/event_list.h"

static const struct opt dtmf_opts[] = {
	{
		.name = "digit",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED | OPT_NULLABLE,
		.doc = "Null where the flow keeps it secret.",
	},
	{.name = "masked", .type = OPT_BOOL, .flags = OPT_REQUIRED},
	{
		.name = "duration_ms",
		.type = OPT_INT,
		.flags = OPT_REQUIRED | OPT_NULLABLE,
		.doc = "Null where it is not known.",
	},
	OPT_END,
};

static const struct opt direction_opts[] = {
	{
		.name = "mos",
		.type = OPT_NUM,
		.flags = OPT_REQUIRED | OPT_NULLABLE,
		.doc = "Null before it can be told.",
	},
	{
		.name = "loss",
		.type = OPT_NUM,
		.flags = OPT_REQUIRED,
		.doc = "A share, from 0 to 1.",
	},
	{.name = "jitter_ms", .type = OPT_INT, .flags = OPT_REQUIRED},
	{.name = "rtt_ms", .type = OPT_INT, .flags = OPT_REQUIRED},
	OPT_END,
};

static const struct opt quality_opts[] = {
	{
		.name = "in",
		.type = OPT_OBJECT,
		.flags = OPT_REQUIRED,
		.sub = direction_opts,
	},
	{
		.name = "out",
		.type = OPT_OBJECT,
		.flags = OPT_REQUIRED,
		.sub = direction_opts,
	},
	{.name = "rx_packets", .type = OPT_INT, .flags = OPT_REQUIRED},
	{.name = "rx_lost", .type = OPT_INT, .flags = OPT_REQUIRED},
	{.name = "tx_packets", .type = OPT_INT, .flags = OPT_REQUIRED},
	OPT_END,
};

#define FLOW_ID                                                                \
	{                                                                      \
		.name = "flow_id", .type = OPT_ID,                             \
		.flags = OPT_REQUIRED | OPT_NULLABLE,                          \
		.doc = "The flow that runs; null of actions that are in no "   \
		       "stored one.",                                          \
	}
#define CODE(of)                                                               \
	{                                                                      \
		.name = "code", .type = OPT_STRING,                            \
		.flags = OPT_REQUIRED | (of),                                  \
		.doc = "Stable: programs go by it.",                           \
	}
#define DETAIL                                                                 \
	{                                                                      \
		.name = "detail", .type = OPT_STRING,                          \
		.flags = OPT_REQUIRED | OPT_NULLABLE, .doc = "For people.",    \
	}

static const char *const plays[] = {"play", "talk", NULL};
static const char *const results[] = {"finished", "stopped", "failed", NULL};

static const struct opt media_finished_opts[] = {
	FLOW_ID,
	{
		.name = "type",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.values = plays,
	},
	{
		.name = "result",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.values = results,
	},
	CODE(OPT_NULLABLE),
	DETAIL,
	OPT_END,
};

static const struct opt step_opts[] = {
	{
		.name = "id",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED | OPT_NULLABLE,
		.doc = "As the flow has it.",
	},
	{.name = "type", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{
		.name = "index",
		.type = OPT_INT,
		.flags = OPT_REQUIRED,
		.doc = "From 0.",
	},
	{
		.name = "flow_id",
		.type = OPT_ID,
		.doc = "Of a flow that was fetched.",
	},
	{
		.name = "patched",
		.type = OPT_BOOL,
		.doc = "True of what a `patch` brought.",
	},
	OPT_END,
};

#define ACTION                                                                 \
	{                                                                      \
		.name = "action", .type = OPT_OBJECT, .flags = OPT_REQUIRED,   \
		.sub = step_opts,                                              \
	}

static const struct opt action_opts[] = {FLOW_ID, ACTION, OPT_END};
static const struct opt error_opts[] = {FLOW_ID, ACTION, CODE(0), DETAIL,
					OPT_END};

static const struct opt node_opts[] = {
	{
		.name = "id",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.doc = "The node's.",
	},
	OPT_END,
};

static json_t *schema_of(const struct opt *opts)
{
	return opt_schema(opts, true, false);
}

json_t *openapi_event_data(enum event_type type)
{
	switch (type) {
	case EVENT_CALL_CREATED:
	case EVENT_CALL_DIALING:
	case EVENT_CALL_RINGING:
	case EVENT_CALL_ANSWERED:
	case EVENT_CALL_ENDED:
	case EVENT_CALL_HELD:
	case EVENT_CALL_UNHELD:
	case EVENT_CALL_MUTED:
	case EVENT_CALL_UNMUTED:
		return openapi_ref("schemas", "Call");
	case EVENT_CALL_DTMF:
		return schema_of(dtmf_opts);
	case EVENT_CALL_QUALITY:
		return schema_of(quality_opts);
	case EVENT_CALL_MEDIA_FINISHED:
		return schema_of(media_finished_opts);
	case EVENT_FLOW_ACTION:
		return schema_of(action_opts);
	case EVENT_FLOW_ERROR:
		return schema_of(error_opts);
	case EVENT_RECORDING_STARTED:
	case EVENT_RECORDING_PAUSED:
	case EVENT_RECORDING_RESUMED:
	case EVENT_RECORDING_FINISHED:
	case EVENT_RECORDING_FAILED:
		return openapi_ref("schemas", "Recording");
	case EVENT_WEBHOOK_DISABLED:
	case EVENT_WEBHOOK_TEST:
		return openapi_ref("schemas", "Webhook");
	case EVENT_NODE_STOPPED:
		return schema_of(node_opts);
	case EVENT_NTYPES:
		break;
	}

	return json_object();
}
