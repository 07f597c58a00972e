/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/flow_fake.h"

#include <errno.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"

static void maybe_cancel(struct flow_fake *fake)
{
	if (!fake->cancel_inside)
		return;
	fake->cancel_inside = false;
	flow_run_cancel(fake->run);
}

static int fake_answer(void *arg)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	if (fake->answered)
		return EALREADY;
	++fake->answers;

	return fake->answer_err;
}

static int fake_send_digits(void *arg, const struct flow_digits *digits,
			    uint32_t *idp)
{
	struct flow_fake *fake = arg;

	if (fake->play_err)
		return fake->play_err;
	g_strlcpy(fake->digits, digits->digits, sizeof(fake->digits));
	fake->digit_ms = digits->duration_ms;
	*idp = ++fake->play_id;

	return 0;
}

static int fake_play(void *arg, const struct flow_play *play, uint32_t *idp)
{
	struct flow_fake *fake = arg;
	GString *urls = g_string_new(NULL);
	json_t *url;
	size_t i;

	maybe_cancel(fake);
	json_array_foreach(play->urls, i, url) g_string_append_printf(
		urls, "%s%s", i ? " " : "", json_string_value(url));
	g_free(fake->urls);
	fake->urls = g_string_free(urls, FALSE);
	fake->loops = play->loops;
	fake->seek_ms = play->seek_ms;
	fake->gain_db = play->gain_db;
	fake->async = play->async;
	++fake->plays;
	if (fake->play_err)
		return fake->play_err;
	*idp = ++fake->play_id;

	return 0;
}

static int fake_talk(void *arg, const struct flow_talk *talk, uint32_t *idp)
{
	struct flow_fake *fake = arg;

	maybe_cancel(fake);
	g_free(fake->said);
	fake->said =
		g_strjoin("|", talk->text, talk->language ? talk->language : "",
			  talk->voice_id ? talk->voice_id : "",
			  talk->provider ? talk->provider : "", NULL);
	fake->async = talk->async;
	++fake->talks;
	if (fake->play_err)
		return fake->play_err;
	*idp = ++fake->play_id;

	return 0;
}

static void fake_stop(void *arg)
{
	struct flow_fake *fake = arg;

	++fake->stops;
}

static int fake_echo(void *arg, bool on)
{
	struct flow_fake *fake = arg;

	++fake->echos;
	if (fake->echo_err)
		return fake->echo_err;
	fake->echo = on;

	return 0;
}

static void fake_timer(void *arg, int64_t ms)
{
	struct flow_fake *fake = arg;

	fake->due_ms = ms < 0 ? -1 : clock_mono_ms(&fake->clock.clock) + ms;
}

static int64_t fake_now_ms(void *arg)
{
	const struct flow_fake *fake = arg;

	return clock_mono_ms(&fake->clock.clock);
}

static int64_t fake_wall_ms(void *arg)
{
	const struct flow_fake *fake = arg;

	return clock_wall_ms(&fake->clock.clock);
}

static char *fake_lookup(void *arg, const char *name)
{
	(void)arg;

	if (strcmp(name, "call.source") == 0)
		return g_strdup("+4520123456");
	if (strcmp(name, "call.bytes") == 0)
		return g_strdup("\xe9t\xe9"); /* Latin-1, as strangers send */

	return NULL;
}

static int fake_flow(void *arg, const char *id, struct flow_doc **docp)
{
	struct flow_fake *fake = arg;
	struct flow_doc *doc = NULL;

	maybe_cancel(fake);
	if (fake->stored)
		doc = g_hash_table_lookup(fake->stored, id);
	if (!doc)
		return ENOENT;
	*docp = obj_ref(doc);

	return 0;
}

static void fake_action(void *arg, const struct flow_step *step)
{
	struct flow_fake *fake = arg;

	g_string_append_printf(fake->trace, "%s%s", fake->trace->len ? " " : "",
			       step->type);
}

static void fake_error(void *arg, const struct flow_step *step,
		       const char *code, const char *detail)
{
	struct flow_fake *fake = arg;

	(void)step;
	++fake->errors;
	g_free(fake->error_code);
	g_free(fake->error_detail);
	fake->error_code = g_strdup(code);
	fake->error_detail = g_strdup(detail);
}

static void fake_ended(void *arg, const struct flow_end *end)
{
	struct flow_fake *fake = arg;

	++fake->ends;
	fake->end_kind = end->kind;
	g_free(fake->end_reason);
	g_free(fake->end_code);
	fake->end_reason = g_strdup(end->reason);
	fake->end_code = g_strdup(end->code);
	fake->end_sip_code = end->sip_code;
}

const struct flow_host flow_fake_host = {
	.answer = fake_answer,
	.play = fake_play,
	.talk = fake_talk,
	.send_digits = fake_send_digits,
	.stop = fake_stop,
	.echo = fake_echo,
	.timer = fake_timer,
	.now_ms = fake_now_ms,
	.wall_ms = fake_wall_ms,
	.lookup = fake_lookup,
	.flow = fake_flow,
	.action = fake_action,
	.error = fake_error,
	.ended = fake_ended,
};

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
