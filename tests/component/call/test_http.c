/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What flows ask of servers, with a real loop, fetcher and servers that do
 * what servers do: answer slowly, never, wrongly, too much */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <glib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "call/call.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/seal.h"
#include "common/secret.h"
#include "common/str.h"
#include "common/webhook_sign.h"
#include "directory/directory.h"
#include "event/event.h"
#include "fetch/fetch.h"
#include "loop/loop.h"
#include "store/store.h"
#include "support/flow_fake.h"
#include "support/http_peer.h"
#include "support/leg_still.h"

#define ACCOUNT "01890000-0000-7000-8000-000000000001"
#define FLOW "01890000-0000-7000-8000-000000000003"
#define SECRET "whsec_c2VjcmV0IG9mIHRoZSBhY2NvdW50"

enum {
	WAIT_S = 20,
};

/** A loop, a fetcher, one call with a flow */
struct rig {
	struct loop *loop;
	struct fetcher *fetcher;
	struct directory *dir;
	struct event_source events;
	struct call_table *calls;
	struct leg_ops ops;
	struct leg leg;
	uint8_t key[SECRET_KEY_LEN];
	char *flow; /**< its actions */
	pthread_mutex_t mtx;
	pthread_cond_t cond;
	bool ended;     /**< guarded by mtx */
	json_t *call;   /**< as it ended; the same below */
	char *timeline; /**< notes, joined by line ends */
};

/* ---- on the loop, where cmocka's jumps may not go ---- */

static void must(bool right)
{
	if (!right)
		abort();
}

/* The flow is over: what the test looks at is kept */
static int leg_hangup(struct leg *leg, const struct leg_end *end)
{
	struct rig *rig =
		(struct rig *)((char *)leg - offsetof(struct rig, leg));

	pthread_mutex_lock(&rig->mtx);
	rig->ended = true;
	pthread_cond_broadcast(&rig->cond);
	pthread_mutex_unlock(&rig->mtx);

	return end->sip_code;
}

static void forget_tx(void *arg, struct store_tx *tx)
{
	(void)arg;
	store_tx_free(tx);
}

static void apply_account(struct rig *rig)
{
	const struct seal_owner owner = {
		.kind = "account", .id = ACCOUNT, .path = "signing_secret"};
	char *sealed = seal_text(rig->key, &owner, SECRET);
	json_t *doc = json_pack("{s:s, s:s, s:{s:s}}", "id", ACCOUNT, "name",
				"a", SEAL_MEMBER, "signing_secret", sealed);

	directory_apply(rig->dir, DIR_ACCOUNT, doc);
	json_decref(doc);
	g_free(sealed);
}

static void apply_flow(struct rig *rig)
{
	json_t *doc = flow_fake_json(rig->flow);

	must(json_is_object(doc));
	json_set_str(doc, "id", FLOW);
	json_set_str(doc, "account_id", ACCOUNT);
	json_set_str(doc, "name", "f");
	directory_apply(rig->dir, DIR_FLOW, doc);
	json_decref(doc);
	must(directory_flow(rig->dir, FLOW) != NULL);
}

static void build(void *arg)
{
	struct rig *rig = arg;
	const struct call_env env = {
		.timers = loop_timers(rig->loop),
		.clock = clock_system(),
		.commit = forget_tx,
		.commit_arg = rig,
		.dir = rig->dir,
		.events = &rig->events,
		.ring_timeout_s = 60,
		.max_duration_s = 60,
		.fetcher = rig->fetcher,
		.key = rig->key,
	};

	apply_account(rig);
	apply_flow(rig);
	must(!call_table_alloc(&rig->calls, &env));
}

static void begin(void *arg)
{
	struct rig *rig = arg;
	const struct leg_incoming in = {
		.leg = &rig->leg,
		.account_id = ACCOUNT,
		.flow_id = FLOW,
		.source = "+4520123456",
		.source_type = "tel",
		.destination = "+4570101010",
		.destination_type = "tel",
	};

	rig->ops = leg_still_ops;
	rig->ops.hangup = leg_hangup;
	rig->leg.ops = &rig->ops;
	must(call_incoming(rig->calls, &in) == CALL_TAKEN);
}

static void bye(void *arg)
{
	struct rig *rig = arg;
	static const struct leg_end end = {.by = HANGUP_BY_REMOTE,
					   .reason = HANGUP_NORMAL};
	bool ended;

	pthread_mutex_lock(&rig->mtx);
	ended = rig->ended;
	pthread_mutex_unlock(&rig->mtx);
	if (!ended) /* else the leg is gone already */
		rig->leg.handler->ended(rig->leg.arg, &end);
}

static void look_and_close(void *arg)
{
	struct rig *rig = arg;
	struct call *call = call_find(rig->calls, rig->leg.call_id);
	GString *text = g_string_new(NULL);
	json_t *notes, *item;
	size_t i;

	must(call != NULL);
	rig->call = call_json(call);
	notes = call_timeline(call);
	json_array_foreach(notes, i, item) g_string_append_printf(
		text, "%s: %s\n", json_str(item, "kind", "?"),
		json_str(item, "text", ""));
	json_decref(notes);
	rig->timeline = g_string_free(text, FALSE);
	rig->leg.handler->closed(rig->leg.arg);
}

static void demolish(void *arg)
{
	struct rig *rig = arg;

	must(!call_table_count(rig->calls));
	obj_unref(rig->calls);
	obj_unref(rig->dir);
}

/* ---- the test's side ---- */

/* 127.0.0.1 stands for the world, the rest of loopback for inside */
static bool is_public(const struct sockaddr *addr)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)addr;

	return in->sin_family == AF_INET &&
	       in->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

/* A call whose flow begins */
static void call_with(struct rig *rig, const char *flow)
{
	struct fetcher_params prm = {.is_public = is_public};

	memset(rig, 0, sizeof(*rig));
	rig->flow = g_strdup(flow);
	rig->events.clock = clock_system();
	rig->events.node_id = "n";
	memset(rig->key, 7, sizeof(rig->key));
	pthread_mutex_init(&rig->mtx, NULL);
	pthread_cond_init(&rig->cond, NULL);
	must(!loop_start(&rig->loop, clock_system()));
	prm.loop = rig->loop;
	must(!fetcher_start(&rig->fetcher, &prm));
	must(!directory_alloc(&rig->dir));
	must(!loop_call(rig->loop, "build", build, rig));
	must(!loop_call(rig->loop, "begin", begin, rig));
}

/* It is hung up: whatever the server did, the caller is never stuck */
static void wait_end(struct rig *rig)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	pthread_mutex_lock(&rig->mtx);
	while (!rig->ended)
		must(!pthread_cond_timedwait(&rig->cond, &rig->mtx, &until));
	pthread_mutex_unlock(&rig->mtx);
	must(!loop_call(rig->loop, "look", look_and_close, rig));
}

static void finish(struct rig *rig)
{
	rig->fetcher = fetcher_stop(rig->fetcher);
	must(!loop_call(rig->loop, "demolish", demolish, rig));
	rig->loop = loop_stop(rig->loop);
	pthread_cond_destroy(&rig->cond);
	pthread_mutex_destroy(&rig->mtx);
	json_decref(rig->call);
	g_free(rig->timeline);
	g_free(rig->flow);
}

/* A call whose flow, with URL in it, asks a server of this kind */
static struct hpeer *call_and_serve(struct rig *rig, hpeer_h *handler,
				    const char *body, const char *flow)
{
	const struct hpeer_params prm = {.handler = handler,
					 .arg = (void *)body};
	struct hpeer *peer = hpeer_open(&prm);
	char *url = hpeer_url(peer, "/next?key=42");
	char **parts = g_strsplit(flow, "URL", 2);
	char *text = g_strjoinv(url, parts);

	call_with(rig, text);
	g_free(text);
	g_strfreev(parts);
	g_free(url);

	return peer;
}

static const char *variable(const struct rig *rig, const char *name)
{
	return json_str(json_object_get(rig->call, "variables"), name, "");
}

static const char *hangup_code(const struct rig *rig)
{
	return json_str(json_object_get(rig->call, "hangup"), "code", "");
}

static void has_note(const struct rig *rig, const char *part)
{
	if (!strstr(rig->timeline, part))
		fail_msg("no \"%s\" in: %s", part, rig->timeline);
}

/* ---- servers ---- */

static void hang(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	(void)req;
	(void)arg;
	hpeer_hang(conn);
}

static void trickle(struct hpeer_conn *conn, const struct hpeer_request *req,
		    void *arg)
{
	static const char text[] =
		"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n[         ";
	(void)req;
	(void)arg;
	if (hpeer_trickle(conn, text, sizeof(text) - 1, 4, 50))
		hpeer_hang(conn);
}

static void status_500(struct hpeer_conn *conn, const struct hpeer_request *req,
		       void *arg)
{
	(void)req;
	(void)arg;
	hpeer_answer(conn, 500, NULL, "no");
}

static void flood(struct hpeer_conn *conn, const struct hpeer_request *req,
		  void *arg)
{
	static const char spaces[4096] = "[";

	(void)req;
	(void)arg;
	if (hpeer_say(conn, "HTTP/1.1 200 OK\r\n"
			    "Content-Length: 10485760\r\n\r\n"))
		hpeer_flood(conn, spaces, sizeof(spaces));
}

static void inside(struct hpeer_conn *conn, const struct hpeer_request *req,
		   void *arg)
{
	(void)req;
	(void)arg;
	hpeer_answer(conn, 302, "Location: http://127.0.0.2:9/\r\n", "");
}

static void text(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	(void)req;
	hpeer_answer(conn, 200, NULL, arg);
}

static void again(struct hpeer_conn *conn, const struct hpeer_request *req,
		  void *arg)
{
	(void)arg;
	if (req->nth == 0)
		hpeer_answer(conn, 429, "Retry-After: 0\r\n", "");
	else
		hpeer_answer(conn, 200, NULL, "{\"variables\":{\"a\":\"b\"}}");
}

/* ---- patch ---- */

/* The whole life of a call whose flow is one patch */
static void patch(struct rig *rig, hpeer_h *handler, const char *body,
		  unsigned timeout_ms)
{
	char *flow = g_strdup_printf(
		"{'actions':[{'type':'patch','option':{'event_url':'URL',"
		"'timeout_ms':%u,'retries':1}}]}",
		timeout_ms);
	struct hpeer *peer = call_and_serve(rig, handler, body, flow);

	wait_end(rig);
	g_free(flow);
	hpeer_close(peer);
}

static void test_bad_servers(void **state)
{
	static const struct {
		hpeer_h *handler;
		const char *body;
		unsigned timeout_ms;
		const char *code, *note;
	} servers[] = {
		{hang, NULL, 200, "timeout", ": timeout, "},
		{trickle, NULL, 300, "timeout", ": timeout, "},
		{status_500, NULL, 5000, "http_status", ": 500, "},
		{text, "<html>", 5000, "bad_response", ": 200, "},
		{text, "[{\"type\":\"sing\"}]", 5000, "flow_invalid",
		 ": 200, "},
		{flood, NULL, 10000, "too_large", ": too_large, "},
		{inside, NULL, 5000, "forbidden_address",
		 ": forbidden_address, "},
	};
	struct rig rig;
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(servers); ++i) {
		patch(&rig, servers[i].handler, servers[i].body,
		      servers[i].timeout_ms);
		assert_string_equal(variable(&rig, "error.code"),
				    servers[i].code);
		assert_string_equal(hangup_code(&rig), "patch_failed");
		has_note(&rig, "http: patch POST http://127.0.0.1:");
		has_note(&rig, servers[i].note);
		has_note(&rig, " ms, attempt 1\n");
		assert_null(strstr(rig.timeline, "key"));
		finish(&rig);
	}
}

static void test_attempts_are_noted(void **state)
{
	struct rig rig;

	(void)state;
	patch(&rig, again, NULL, 5000);
	has_note(&rig, "/next…: 429, ");
	has_note(&rig, ", attempt 2\n");
	assert_string_equal(variable(&rig, "a"), "b");
	assert_string_equal(variable(&rig, "error.code"), "");
	finish(&rig);
}

/* Whoever has the account's secret can tell that it is us */
static void test_it_is_signed(void **state)
{
	struct rig rig;
	struct hpeer *peer =
		call_and_serve(&rig, text, "[]",
			       "{'actions':[{'type':'patch','option':"
			       "{'event_url':'URL','headers':"
			       "{'X-Key':'a b'}}}]}");
	const struct hpeer_request *req;
	struct webhook_message msg = {0};
	char *id, *at, *signature, *ours, *type, *key;

	(void)state;
	req = hpeer_wait(peer, 1);
	wait_end(&rig);
	id = hpeer_field(req, "webhook-id");
	at = hpeer_field(req, "webhook-timestamp");
	signature = hpeer_field(req, "webhook-signature");
	type = hpeer_field(req, "Content-Type");
	key = hpeer_field(req, "X-Key");
	assert_true(id_is_valid(id));
	assert_int_equal(str_to_int(at, 1, INT64_MAX, &msg.timestamp_s), 0);
	msg.id = id;
	msg.body = req->body;
	msg.body_len = req->body_len;
	ours = webhook_sign(SECRET, &msg);
	assert_string_equal(signature, ours);
	assert_string_equal(type, "application/json");
	assert_string_equal(key, "a b");
	assert_non_null(strstr(req->body, "\"event\":\"patch\""));
	assert_non_null(strstr(req->body, "\"source\":{\"type\":\"tel\","
					  "\"target\":\"+4520123456\""));
	g_free(ours);
	g_free(key);
	g_free(type);
	g_free(signature);
	g_free(at);
	g_free(id);
	finish(&rig);
	hpeer_close(peer);
}

/* The caller leaves while the server thinks: it is given up */
static void test_caller_leaves(void **state)
{
	struct rig rig;
	struct hpeer *peer =
		call_and_serve(&rig, hang, NULL,
			       "{'actions':[{'type':'patch','option':"
			       "{'event_url':'URL','timeout_ms':60000}}"
			       "]}");

	(void)state;
	hpeer_wait(peer, 1);
	must(!loop_call(rig.loop, "bye", bye, &rig));
	must(!loop_call(rig.loop, "look", look_and_close, &rig));
	hpeer_wait_closed(peer, 1);
	has_note(&rig, ": given up, ");
	assert_int_equal(hpeer_count(peer), 1);
	finish(&rig);
	hpeer_close(peer);
}

/* The answer and the caller's end at the same moment, again and again: each
 * may be first, nothing is left over */
static void test_both_at_once(void **state)
{
	struct hpeer *peer;
	struct rig rig;
	unsigned i;

	(void)state;
	for (i = 0; i < 50; ++i) {
		peer = call_and_serve(&rig, text, "[{\"type\":\"hangup\"}]",
				      "{'actions':[{'type':'patch','option':"
				      "{'event_url':'URL'}}]}");
		hpeer_wait(peer, 1);
		must(!loop_call(rig.loop, "bye", bye, &rig));
		must(!loop_call(rig.loop, "look", look_and_close, &rig));
		assert_string_equal(json_str(rig.call, "status", ""), "ended");
		finish(&rig);
		hpeer_close(peer);
	}
}

/* ---- webhook_send ---- */

/* What nobody waits for reaches its server though the call has ended */
static void test_it_outlives_the_call(void **state)
{
	struct rig rig;
	struct hpeer *peer =
		call_and_serve(&rig, NULL, NULL,
			       "{'actions':[{'type':'webhook_send','option':"
			       "{'uri':'URL','data':'bye'}}]}");
	const struct hpeer_request *req;

	(void)state;
	wait_end(&rig);
	req = hpeer_wait(peer, 1);
	assert_string_equal(req->method, "POST");
	assert_string_equal(req->body, "bye");
	assert_true(hpeer_has(req, "webhook-signature"));
	finish(&rig);
	hpeer_close(peer);
}

static void test_it_waits(void **state)
{
	struct rig rig;
	struct hpeer *peer =
		call_and_serve(&rig, text, "{\"n\":[{\"m\":\"hello\"}]}",
			       "{'actions':[{'type':'webhook_send',"
			       "'option':{'uri':'URL','sync':true}}]}");

	(void)state;
	wait_end(&rig);
	assert_string_equal(variable(&rig, "response.status"), "200");
	assert_string_equal(variable(&rig, "response.body.n.0.m"), "hello");
	has_note(&rig, "http: webhook_send POST http://127.0.0.1:");
	finish(&rig);
	hpeer_close(peer);
}

/* One call must not fill the queue of all */
static void test_few_at_once(void **state)
{
	struct rig rig;
	struct hpeer *peer = call_and_serve(
		&rig, hang, NULL,
		"{'actions':[{'id':'a','type':'webhook_send','option':"
		"{'uri':'URL'},'error_id':'e'},{'type':'goto','option':"
		"{'target_id':'a'}},{'id':'e','type':'hangup'}]}");

	(void)state;
	wait_end(&rig);
	assert_string_equal(variable(&rig, "error.code"), "busy");
	finish(&rig);
	hpeer_close(peer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bad_servers),
		cmocka_unit_test(test_attempts_are_noted),
		cmocka_unit_test(test_it_is_signed),
		cmocka_unit_test(test_caller_leaves),
		cmocka_unit_test(test_both_at_once),
		cmocka_unit_test(test_it_outlives_the_call),
		cmocka_unit_test(test_it_waits),
		cmocka_unit_test(test_few_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
