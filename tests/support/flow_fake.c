/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/flow_fake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"

json_t *flow_fake_json(const char *text)
{
	char *quoted = g_strdelimit(g_strdup(text), "'", '"');
	json_t *out = json_loads(quoted, JSON_DECODE_ANY, NULL);

	g_free(quoted);

	return out;
}

static json_t *document(const char *text)
{
	json_t *in = flow_fake_json(text), *doc;

	if (!json_is_array(in))
		return in;
	doc = json_object();
	json_object_set_new(doc, "actions", in);

	return doc;
}

char *flow_fake_faults(const char *text)
{
	struct opt_faults faults = {0};
	GString *out = g_string_new(NULL);
	struct flow_doc *doc = NULL;
	json_t *in = document(text), *fault;
	size_t i;

	if (flow_doc_alloc(&doc, in, &faults) == 0)
		obj_unref(doc);
	json_array_foreach(faults.list, i, fault) g_string_append_printf(
		out, "%s %s\n", json_str(fault, "pointer", ""),
		json_str(fault, "message", ""));
	json_decref(faults.list);
	json_decref(in);

	return g_string_free(out, FALSE);
}

int flow_fake_setup(struct flow_fake *fake, const char *text)
{
	struct opt_faults faults = {0};
	struct flow_run_params prm = {.host = &flow_fake_host, .arg = fake};
	json_t *in = document(text);
	int err;

	memset(fake, 0, sizeof(*fake));
	fake->due_ms = -1;
	fake->trace = g_string_new(NULL);
	clock_fake_init(&fake->clock, 1800000000000);
	err = flow_doc_alloc(&fake->doc, in, &faults);
	json_decref(faults.list);
	json_decref(in);
	if (err)
		return err;

	flow_vars_alloc(&fake->vars);
	prm.doc = fake->doc;
	prm.vars = fake->vars;

	return flow_run_alloc(&fake->run, &prm);
}

static void unref_doc(gpointer doc)
{
	obj_unref(doc);
}

void flow_fake_store(struct flow_fake *fake, const char *id, const char *text)
{
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL;
	json_t *in = document(text);

	if (!fake->stored)
		fake->stored = g_hash_table_new_full(g_str_hash, g_str_equal,
						     g_free, unref_doc);
	if (flow_doc_alloc(&doc, in, &faults) == 0)
		g_hash_table_replace(fake->stored, g_strdup(id), doc);
	json_decref(faults.list);
	json_decref(in);
}

void flow_fake_teardown(struct flow_fake *fake)
{
	obj_unref(fake->run);
	obj_unref(fake->vars);
	obj_unref(fake->doc);
	if (fake->stored)
		g_hash_table_destroy(fake->stored);
	g_string_free(fake->trace, TRUE);
	g_free(fake->urls);
	g_free(fake->said);
	g_free(fake->http);
	g_free(fake->http_body);
	g_free(fake->http_headers);
	g_free(fake->http_type);
	g_free(fake->http_message_id);
	free(fake->asked);
	obj_unref(fake->asked_doc);
	g_free(fake->verbs);
	g_free(fake->error_code);
	g_free(fake->error_detail);
	g_free(fake->end_reason);
	g_free(fake->end_code);
}

void flow_fake_start(struct flow_fake *fake)
{
	flow_run_start(fake->run);
}

void flow_fake_answered(struct flow_fake *fake)
{
	const struct flow_event ev = {.type = FLOW_EV_ANSWERED};

	fake->answered = true;
	flow_run_event(fake->run, &ev);
}

void flow_fake_answer_failed(struct flow_fake *fake, int err)
{
	const struct flow_event ev = {.type = FLOW_EV_FAILED, .err = err};

	flow_run_event(fake->run, &ev);
}

void flow_fake_played(struct flow_fake *fake, int err)
{
	const struct flow_event ev = {
		.type = FLOW_EV_PLAYED, .id = fake->play_id, .err = err};

	flow_run_event(fake->run, &ev);
}

void flow_fake_broke(struct flow_fake *fake, const char *code, const char *why)
{
	const struct flow_event ev = {.type = FLOW_EV_PLAYED,
				      .id = fake->play_id,
				      .err = EIO,
				      .code = code,
				      .why = why};

	flow_run_event(fake->run, &ev);
}

void flow_fake_http_reply(struct flow_fake *fake,
			  const struct flow_http_reply *reply)
{
	const struct flow_event ev = {
		.type = FLOW_EV_HTTP, .id = fake->http_id, .http = reply};

	flow_run_event(fake->run, &ev);
}

void flow_fake_http(struct flow_fake *fake, int status, const char *body)
{
	char *text = body ? g_strdelimit(g_strdup(body), "'", '"') : NULL;
	const struct flow_http_reply reply = {
		.status = status,
		.body = text,
		.body_len = text ? strlen(text) : 0,
		.retry_after_s = -1,
	};

	flow_fake_http_reply(fake, &reply);
	g_free(text);
}

void flow_fake_http_failed(struct flow_fake *fake, const char *code)
{
	const struct flow_http_reply reply = {
		.code = code, .why = "a reason", .retry_after_s = -1};

	flow_fake_http_reply(fake, &reply);
}

void flow_fake_bridged(struct flow_fake *fake)
{
	const struct flow_event ev = {.type = FLOW_EV_BRIDGED};

	flow_run_event(fake->run, &ev);
}

void flow_fake_connected(struct flow_fake *fake, const char *status,
			 int64_t duration_ms, int sip_code)
{
	const struct flow_connected how = {
		.status = status,
		.call_id = "callee",
		.duration_ms = duration_ms,
		.sip_code = sip_code,
	};
	const struct flow_event ev = {.type = FLOW_EV_CONNECT, .connect = &how};

	flow_run_event(fake->run, &ev);
}

void flow_fake_recorded(struct flow_fake *fake, const char *reason,
			int64_t duration_ms)
{
	char id[ID_SIZE];
	const struct flow_recorded how = {
		.id = id, .reason = reason, .duration_ms = duration_ms};
	const struct flow_event ev = {.type = FLOW_EV_RECORDED,
				      .recorded = &how};

	g_snprintf(id, sizeof(id), "r%u", fake->records);
	flow_run_event(fake->run, &ev);
}

void flow_fake_digits(struct flow_fake *fake, const char *digits)
{
	struct flow_event ev = {.type = FLOW_EV_DIGIT};

	for (; *digits; ++digits) {
		ev.digit = *digits;
		flow_run_event(fake->run, &ev);
	}
}

void flow_fake_pass(struct flow_fake *fake, int64_t ms)
{
	const struct flow_event ev = {.type = FLOW_EV_TIMER};
	const int64_t until = clock_mono_ms(&fake->clock.clock) + ms;

	while (fake->due_ms >= 0 && fake->due_ms <= until) {
		const int64_t now = clock_mono_ms(&fake->clock.clock);

		clock_fake_advance_ms(&fake->clock, fake->due_ms - now);
		fake->due_ms = -1;
		flow_run_event(fake->run, &ev);
	}
	clock_fake_advance_ms(&fake->clock,
			      until - clock_mono_ms(&fake->clock.clock));
}

const char *flow_fake_var(const struct flow_fake *fake, const char *name)
{
	const char *value = flow_vars_get(fake->vars, name, NULL);

	return value ? value : "";
}
