/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A flow: the input is a document, a zero byte, and the order of events. Each
 * byte of the rest is one thing that happens: an answer, the end of a play, a
 * timer, a key, what a server, a callee or a recording comes to, the caller
 * leaving; early, late, or twice. Whatever comes, the
 * flow ends once, is silent afterwards, and holds nothing; and a document that
 * was taken is taken again as it is shown.
 */
#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/obj.h"
#include "common/opt.h"
#include "flow/flow_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	EVENTS_MAX = 256
};

struct world {
	struct flow_run *run;
	struct flow_doc *doc; /**< what fetch_flow finds, too */
	const uint8_t *what;  /**< what happens */
	size_t left;
	int64_t now_ms, due_ms;
	bool answered, echo, ended;
	uint32_t play_id, http_id;
	const char *text; /**< the document: servers answer with it */
	size_t text_len;
	bool asks, connects; /**< the flow waits for that */
	unsigned records;
	unsigned inside; /**< host functions since the last event */
};

static void must(bool right)
{
	if (!right)
		abort();
}

/* Every function of the host passes here. Some of the bytes say that the call
 * goes in the middle of one. */
static void enter(struct world *w)
{
	must(!w->ended);
	if (++w->inside == 3 && w->left && w->what[0] == 0xff)
		flow_run_cancel(w->run);
}

static int host_answer(void *arg)
{
	struct world *w = arg;

	enter(w);
	if (w->answered)
		return EALREADY;

	return w->left && w->what[0] == 0xfe ? EPROTO : 0;
}

static int host_play(void *arg, const struct flow_play *play, uint32_t *idp)
{
	struct world *w = arg;

	enter(w);
	must(json_array_size(play->urls) > 0);
	if (w->left && w->what[0] == 0xfd)
		return EIO;
	*idp = ++w->play_id;

	return 0;
}

static int host_talk(void *arg, const struct flow_talk *talk, uint32_t *idp)
{
	struct world *w = arg;

	enter(w);
	must(talk->text && talk->text[0]);
	if (w->left && w->what[0] == 0xfd)
		return EAGAIN;
	*idp = ++w->play_id;

	return 0;
}

static void host_stop(void *arg)
{
	enter(arg);
}

static int host_echo(void *arg, bool on)
{
	struct world *w = arg;

	enter(w);
	if (w->left && w->what[0] == 0xfc)
		return ENOTCONN;
	w->echo = on;

	return 0;
}

static int host_http(void *arg, const struct flow_http *http, uint32_t *idp)
{
	struct world *w = arg;

	enter(w);
	must(http->url && http->method && (http->body || !http->body_len));
	must(!idp || !w->asks); /* one at a time */
	if (w->left && w->what[0] == 0xfb)
		return EAGAIN;
	if (idp) {
		*idp = ++w->http_id;
		w->asks = true;
	}

	return 0;
}

static void host_http_cancel(void *arg, uint32_t id)
{
	struct world *w = arg;

	enter(w);
	must(w->asks && id == w->http_id);
	w->asks = false;
}

static int host_mute(void *arg, bool in, bool out, bool on)
{
	(void)on;
	enter(arg);
	must(in || out);

	return 0;
}

static int host_connect(void *arg, const struct flow_connect *prm,
			const char **codep)
{
	struct world *w = arg;

	enter(w);
	must(!w->connects && json_array_size(prm->destinations));
	if (w->left && w->what[0] == 0xfa) {
		*codep = "no_route";
		return ENOENT;
	}
	w->connects = true;

	return 0;
}

static void host_connect_cancel(void *arg)
{
	struct world *w = arg;

	enter(w);
	must(w->connects);
	w->connects = false;
}

static int host_record(void *arg, const struct flow_record *prm,
		       char id[ID_SIZE], const char **codep)
{
	struct world *w = arg;

	(void)codep;
	enter(w);
	must(prm->format && prm->end_of_key);
	if (w->left && w->what[0] == 0xf9)
		return EIO;
	g_snprintf(id, ID_SIZE, "r%u", ++w->records);

	return 0;
}

static int host_record_verb(void *arg, enum flow_record_verb verb,
			    const char *id)
{
	const struct world *w = arg;

	(void)verb;
	(void)id;
	enter(arg);

	return w->records ? 0 : ENOENT;
}

static int host_call(void *arg, const struct flow_call *prm, json_t **idsp,
		     const char **codep)
{
	(void)codep;
	enter(arg);
	must(!prm->flow_id != !prm->doc);
	*idsp = json_array();

	return 0;
}

static void host_timer(void *arg, int64_t ms)
{
	struct world *w = arg;

	must(!w->ended);
	w->due_ms = ms < 0 ? -1 : w->now_ms + ms;
}

static int64_t host_now_ms(void *arg)
{
	return ((struct world *)arg)->now_ms;
}

static int64_t host_wall_ms(void *arg)
{
	return 1800000000000 + ((struct world *)arg)->now_ms;
}

static char *host_lookup(void *arg, const char *name)
{
	enter(arg);
	if (strcmp(name, "call.source") == 0)
		return g_strdup("+45\xff 1");

	return NULL;
}

static int host_flow(void *arg, const char *id, struct flow_doc **docp)
{
	const struct world *w = arg;

	enter(arg);
	must(id && *id);
	*docp = obj_ref(w->doc);

	return 0;
}

static void host_action(void *arg, const struct flow_step *step)
{
	enter(arg);
	must(step->type != NULL);
}

static void host_error(void *arg, const struct flow_step *step,
		       const char *code, const char *detail)
{
	(void)step;
	enter(arg);
	must(*code && detail);
}

static void host_ended(void *arg, const struct flow_end *end)
{
	struct world *w = arg;

	must(!w->ended);
	must(end->kind != FLOW_END_HANGUP || end->reason);
	w->ended = true;
	must(w->due_ms < 0);
}

static const struct flow_host host = {
	.answer = host_answer,
	.play = host_play,
	.talk = host_talk,
	.stop = host_stop,
	.echo = host_echo,
	.timer = host_timer,
	.now_ms = host_now_ms,
	.wall_ms = host_wall_ms,
	.lookup = host_lookup,
	.http = host_http,
	.http_cancel = host_http_cancel,
	.mute = host_mute,
	.connect = host_connect,
	.connect_cancel = host_connect_cancel,
	.record = host_record,
	.record_verb = host_record_verb,
	.call = host_call,
	.flow = host_flow,
	.action = host_action,
	.error = host_error,
	.ended = host_ended,
};

static void tell(struct world *w, enum flow_event_type type, uint32_t id,
		 int err)
{
	const struct flow_event ev = {.type = type, .id = id, .err = err};

	flow_run_event(w->run, &ev);
}

static void press(struct world *w, uint8_t byte)
{
	const struct flow_event ev = {
		.type = FLOW_EV_DIGIT,
		.digit = "0123456789ABCD*#"[byte & 15],
	};

	(void)flow_run_is_secret(w->run);
	flow_run_event(w->run, &ev);
}

static void pass_time(struct world *w, int64_t ms)
{
	w->now_ms += ms;
	if (w->due_ms < 0 || w->due_ms > w->now_ms)
		return;
	w->due_ms = -1;
	tell(w, FLOW_EV_TIMER, 0, 0);
}

static void answer(struct world *w, unsigned how)
{
	static const struct flow_http_reply replies[] = {
		{.status = 204},
		{.status = 200},
		{.code = "timeout", .why = "late"},
		{.status = 503, .retry_after_s = 1},
		{.status = 200, .body = "{\"a\":[", .body_len = 6},
	};
	struct flow_http_reply reply = replies[how];
	const struct flow_event ev = {
		.type = FLOW_EV_HTTP, .id = w->http_id, .http = &reply};

	if (how == 1) {
		reply.body = w->text;
		reply.body_len = w->text_len;
	}
	w->asks = false;
	flow_run_event(w->run, &ev);
}

static void connected(struct world *w, const char *status, int sip_code)
{
	const struct flow_connected how = {.status = status,
					   .sip_code = sip_code};
	const struct flow_event ev = {.type = FLOW_EV_CONNECT, .connect = &how};

	if (!w->connects)
		return;
	w->connects = false;
	flow_run_event(w->run, &ev);
}

static void recorded(struct world *w, const char *reason)
{
	char id[ID_SIZE];
	const struct flow_recorded how = {.id = id, .reason = reason};
	const struct flow_event ev = {.type = FLOW_EV_RECORDED,
				      .recorded = &how};

	g_snprintf(id, sizeof(id), "r%u", w->records);
	flow_run_event(w->run, &ev);
}

/* What others do */
static void world_happens(struct world *w, unsigned what)
{
	switch (what) {
	case 5:
		if (w->connects)
			tell(w, FLOW_EV_BRIDGED, 0, 0);
		break;
	case 6:
		connected(w, "answered", 0);
		break;
	case 7:
		connected(w, "busy", 486);
		break;
	case 8:
		recorded(w, "silence");
		break;
	case 9:
		recorded(w, "failed");
		break;
	case 15:
		flow_run_cancel(w->run);
		break;
	default:
		if (what < 5)
			answer(w, what);
		break;
	}
}

static void happen(struct world *w, uint8_t byte)
{
	w->inside = 0;
	switch (byte >> 4) {
	case 0:
		w->answered = true;
		tell(w, FLOW_EV_ANSWERED, 0, 0);
		break;
	case 1:
		tell(w, FLOW_EV_FAILED, 0, EIO);
		break;
	case 2:
		tell(w, FLOW_EV_PLAYED, w->play_id - (byte & 1), 0);
		break;
	case 3:
		tell(w, FLOW_EV_PLAYED, w->play_id, byte & 1 ? EIO : ECANCELED);
		break;
	case 4:
		w->due_ms = -1; /* early, or late */
		tell(w, FLOW_EV_TIMER, 0, 0);
		break;
	case 5:
		world_happens(w, byte & 15);
		break;
	case 6:
	case 7:
		pass_time(w, byte & 15);
		break;
	case 8:
		pass_time(w, 1000 * (byte & 15));
		break;
	case 9:
		flow_run_start(w->run);
		break;
	default:
		press(w, byte);
		break;
	}
}

static void run_doc(struct world w)
{
	struct flow_run_params prm = {.doc = w.doc, .host = &host, .arg = &w};
	struct flow_vars *vars = NULL;
	struct flow_step step;
	bool truncated;
	size_t n;

	flow_vars_alloc(&vars);
	prm.vars = vars;
	must(flow_run_alloc(&w.run, &prm) == 0);
	flow_run_start(w.run);
	for (n = 0; w.left && n < EVENTS_MAX; ++n) {
		const uint8_t byte = w.what[0];

		++w.what;
		--w.left;
		happen(&w, byte);
		must(flow_run_step(w.run, &step) || w.ended);
	}
	flow_run_cancel(w.run);
	must(w.ended && flow_run_has_ended(w.run));
	must(flow_vars_bytes(vars) <= FLOW_VARS_MAX_BYTES);
	json_decref(flow_vars_json(vars, 8192, &truncated));
	obj_unref(w.run);
	obj_unref(vars);
}

static void save_again(const struct flow_doc *doc)
{
	struct opt_faults faults = {0};
	struct flow_doc *again = NULL;
	json_t *one = flow_doc_json(doc), *two;

	must(flow_doc_alloc(&again, one, &faults) == 0);
	two = flow_doc_json(again);
	must(json_equal(one, two));
	json_decref(one);
	json_decref(two);
	obj_unref(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
	const size_t len = zero ? (size_t)(zero - data) : size;
	struct opt_faults faults = {0};
	struct flow_doc *doc = NULL;
	json_t *json = NULL;
	char why[128];

	if (json_parse(&json, (const char *)data, len, why, sizeof(why)))
		return 0;
	if (flow_doc_alloc(&doc, json, &faults) == 0) {
		must(faults.list == NULL);
		save_again(doc);
		run_doc((struct world){
			.doc = doc,
			.text = (const char *)data,
			.text_len = len,
			.what = zero ? zero + 1 : data,
			.left = zero ? size - len - 1 : 0,
			.due_ms = -1,
		});
		obj_unref(doc);
	} else {
		must(json_array_size(faults.list) > 0);
	}
	json_decref(faults.list);
	json_decref(json);

	return 0;
}
