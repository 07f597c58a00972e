/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recordings over REST: of calls that are up, and what is left of them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "call/call_priv.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/secret.h"
#include "common/str.h"
#include "loop/loop.h"
#include "media/media.h"
#include "support/api_rig.h"

#define SOME_ID "01900000-0000-7000-8000-000000000000"

static struct api_rig rig;

/* ---- a party that says nothing by itself, and its sound ---- */

struct party {
	struct leg leg; /* first */
	struct timer timer;
	struct media_tap *taps[4]; /* by id - 1 */
	uint32_t ntaps;
	char flow_id[ID_SIZE];
};

static struct party party;

static int do_ok(struct leg *leg)
{
	return 0;
}

static void tell_closed(void *arg)
{
	party.leg.handler->closed(party.leg.arg);
}

static int do_hangup(struct leg *leg, const struct leg_end *end)
{
	timer_start(loop_timers(rig.loop), &party.timer, 0, "closed",
		    tell_closed, NULL);

	return end->sip_code;
}

static void do_unref(struct leg *leg)
{
}

static const struct leg_ops leg_ops = {
	.endpoint = "sip",
	.ring = do_ok,
	.progress = do_ok,
	.answer = do_ok,
	.hangup = do_hangup,
	.unref = do_unref,
};

static unsigned media_rate(const struct media_leg *leg)
{
	return 8000;
}

static uint32_t media_tap(struct media_leg *leg, struct media_tap *tap)
{
	party.taps[party.ntaps] = obj_ref(tap);

	return ++party.ntaps;
}

static void media_untap(struct media_leg *leg, uint32_t tap_id)
{
	media_tap_finish(party.taps[tap_id - 1]);
}

static void media_stats(const struct media_leg *leg, struct media_stats *stats)
{
}

static const struct call_media_ops media_ops = {
	.rate = media_rate,
	.tap = media_tap,
	.untap = media_untap,
	.stats = media_stats,
};

static void come(void *arg) /* Thread: loop */
{
	const struct leg_incoming in = {
		.leg = &party.leg,
		.account_id = rig.account_id,
		.flow_id = party.flow_id,
		.source = "+4511111111",
		.source_type = "tel",
		.destination = "+4522222222",
		.destination_type = "tel",
	};
	enum call_refusal *refusalp = arg;

	party.leg.ops = &leg_ops;
	party.leg.media = (struct media_leg *)&party;
	*refusalp = call_incoming(rig.calls, &in);
	if (*refusalp == CALL_TAKEN)
		party.leg.handler->answered(party.leg.arg);
}

static void start_one(void *arg) /* Thread: loop */
{
	const struct flow_record prm = {.format = "ogg", .end_of_key = ""};
	struct call *call = call_find(rig.calls, party.leg.call_id);
	const char *code = NULL;

	if (!call || call_recording_start(call, &prm, arg, &code))
		*(char *)arg = '\0';
}

static void speak(void *arg) /* Thread: loop, in place of media's */
{
	static const int16_t pcm[160];
	uint32_t i;
	int k;

	for (i = 0; i < party.ntaps; ++i)
		for (k = 0; k < 50; ++k)
			media_tap_put(party.taps[i], pcm, pcm, NULL);
}

static void hang_up(void *arg) /* Thread: loop */
{
	static const struct leg_end end = {.by = HANGUP_BY_REMOTE};

	party.leg.handler->ended(party.leg.arg, &end);
	tell_closed(NULL);
}

/* ---- the tests' own ---- */

static int setup(void **state)
{
	enum call_refusal refusal = CALL_REFUSED_FLOW;
	json_t *flow;

	memset(&rig, 0, sizeof(rig));
	memset(&party, 0, sizeof(party));
	rig.media = &media_ops;
	rig.records = true;
	api_rig_open(&rig);
	flow = api_rig_make(&rig, "flows.create", NULL,
			    json_pack("{s:s, s:[{s:s, s:{s:i}}]}", "name",
				      "wait", "actions", "type", "sleep",
				      "option", "duration_ms", 60000));
	str_copy(party.flow_id, ID_SIZE, json_str(flow, "id", ""));
	json_decref(flow);
	api_rig_on_loop(&rig, come, &refusal);
	assert_int_equal(refusal, CALL_TAKEN);

	return 0;
}

static void is_gone(void *arg)
{
	*(bool *)arg = call_table_count(rig.calls) == 0;
}

static void end_call(void)
{
	bool gone = false;

	api_rig_on_loop(&rig, is_gone, &gone);
	if (!gone)
		api_rig_on_loop(&rig, hang_up, NULL);
}

static int teardown(void **state)
{
	uint32_t i;

	end_call();
	api_rig_close(&rig);
	for (i = 0; i < party.ntaps; ++i)
		obj_unref(party.taps[i]);

	return 0;
}

static char *record(void)
{
	char id[ID_SIZE] = "";

	api_rig_on_loop(&rig, start_one, id);
	assert_true(id_is_valid(id));

	return g_strdup(id);
}

static json_t *ask(const char *verb, const char *id, json_t *body)
{
	const struct api_ask ask = {.verb = verb, .id = id, .body = body};

	return api_rig_ask(&rig, &ask);
}

static json_t *patch(const char *id, const char *status)
{
	return ask("recordings.patch", id,
		   json_pack("{s:s}", "status", status));
}

static void expect_code(json_t *reply, const char *code)
{
	assert_string_equal(api_rig_code(reply), code);
}

static void expect_status(json_t *reply, const char *status)
{
	json_t *doc = api_rig_ok(reply);

	assert_string_equal(json_str(doc, "status", ""), status);
	json_decref(doc);
}

/* It is ended by other things than a PATCH: its row says when */
static json_t *wait_finished(const char *id)
{
	json_t *doc = NULL;

	do {
		json_decref(doc);
		doc = api_rig_ok(ask("recordings.get", id, NULL));
	} while (str_eq(json_str(doc, "status", ""), "recording"));

	return doc;
}

static size_t listed(const char *filter, const char *value)
{
	const struct api_ask ask = {
		.verb = "recordings.list",
		.query = filter ? json_pack("{s:s}", filter, value) : NULL,
	};
	json_t *page = api_rig_ok(api_rig_ask(&rig, &ask));
	const size_t n = json_array_size(json_object_get(page, "result"));

	json_decref(page);

	return n;
}

/* Known at once; in the store a moment later */
static char *record_stored(void)
{
	const size_t before = listed(NULL, NULL);
	char *id = record();

	while (listed(NULL, NULL) == before)
		g_usleep(500);

	return id;
}

static void test_at_once(void **state)
{
	char *id = record();

	expect_status(ask("recordings.get", id, NULL), "recording");
	expect_status(patch(id, "paused"), "paused");
	g_free(id);
}

static void test_life(void **state)
{
	char *id = record_stored(), *path;
	json_t *doc, *file;

	expect_status(ask("recordings.get", id, NULL), "recording");
	api_rig_on_loop(&rig, speak, NULL);
	expect_status(patch(id, "paused"), "paused");
	expect_code(patch(id, "paused"), "wrong_state");
	api_rig_on_loop(&rig, speak, NULL); /* left out */
	expect_status(patch(id, "recording"), "recording");
	expect_code(patch(id, "recording"), "wrong_state");
	expect_code(ask("recordings.media", id, NULL), "wrong_state");
	expect_code(ask("recordings.delete", id, NULL), "wrong_state");

	doc = api_rig_ok(patch(id, "finished"));
	assert_string_equal(json_str(doc, "status", ""), "finished");
	assert_string_equal(json_str(doc, "reason", ""), "stopped");
	assert_string_equal(json_str(doc, "call_id", ""), party.leg.call_id);
	assert_int_equal(json_int(doc, "duration_ms", 0), 1000);

	file = api_rig_ok(ask("recordings.media", id, NULL));
	assert_string_equal(json_str(file, "content_type", ""), "audio/ogg");
	path = g_strconcat("recording-", id, ".ogg", NULL);
	assert_string_equal(json_str(file, "name", ""), path);
	g_free(path);
	path = g_build_filename(rig.dir, json_str(file, "path", ""), NULL);
	assert_true(g_file_test(path, G_FILE_TEST_IS_REGULAR));
	json_decref(file);
	json_decref(doc);

	expect_code(patch(id, "finished"), "wrong_state");
	expect_code(patch(id, "paused"), "wrong_state");
	json_decref(api_rig_ok(ask("recordings.delete", id, NULL)));
	expect_code(ask("recordings.get", id, NULL), "recording_not_found");
	expect_code(ask("recordings.media", id, NULL), "recording_not_found");
	expect_code(patch(id, "paused"), "recording_not_found");
	while (g_file_test(path, G_FILE_TEST_EXISTS))
		g_usleep(1000);
	g_free(path);
	g_free(id);
}

static void test_the_call_ends(void **state)
{
	char *id = record_stored();
	json_t *doc;

	api_rig_on_loop(&rig, speak, NULL);
	end_call();
	doc = wait_finished(id);
	assert_string_equal(json_str(doc, "status", ""), "finished");
	assert_string_equal(json_str(doc, "reason", ""), "hangup");
	assert_int_equal(json_int(doc, "duration_ms", 0), 1000);
	json_decref(doc);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM event"
					     " WHERE type LIKE 'recording.%'"),
			 2);
	expect_code(patch(id, "paused"), "wrong_state");
	g_free(id);
}

static char *path_of(const char *name)
{
	return g_build_filename(rig.dir, "recordings", name, NULL);
}

static void wait_folder(const char *want)
{
	char *got = api_rig_folder(&rig, "recordings");

	while (!str_eq(got, want)) {
		g_free(got);
		g_usleep(1000);
		got = api_rig_folder(&rig, "recordings");
	}
	g_free(got);
}

/* With its call goes all that was recorded of it */
static void test_the_call_is_erased(void **state)
{
	char *id = record_stored(), *second = record_stored(),
	     *call_id = g_strdup(party.leg.call_id);
	json_t *call = NULL;

	api_rig_on_loop(&rig, speak, NULL);
	expect_code(ask("calls.delete", call_id, NULL), "wrong_state");
	end_call();
	json_decref(wait_finished(id));
	json_decref(wait_finished(second));
	do {
		json_decref(call);
		call = api_rig_ok(ask("calls.get", call_id, NULL));
	} while (!str_eq(json_str(call, "status", ""), "ended"));
	json_decref(call);
	json_decref(api_rig_ok(ask("calls.delete", call_id, NULL)));
	expect_code(ask("recordings.get", id, NULL), "recording_not_found");
	assert_int_equal(listed(NULL, NULL), 0);
	wait_folder("");
	g_free(call_id);
	g_free(second);
	g_free(id);
}

/* What a crash left of deletions */
static void test_orphans_go_at_the_start(void **state)
{
	char *id = record_stored(), *name, *path;
	json_t *doc;

	doc = api_rig_ok(patch(id, "finished"));
	json_decref(doc);
	path = path_of(SOME_ID ".wav");
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	g_free(path);
	path = path_of("not-ours.wav");
	assert_true(g_file_set_contents(path, "x", 1, NULL));
	g_free(path);
	end_call();
	api_rig_restart(&rig);
	name = g_strconcat(id, ".ogg not-ours.wav", NULL);
	path = api_rig_folder(&rig, "recordings");
	assert_string_equal(path, name);
	g_free(path);
	g_free(name);
	g_free(id);
}

static void test_lists(void **state)
{
	char *first = record_stored(), *second = record_stored();

	json_decref(api_rig_ok(patch(second, "finished")));
	assert_int_equal(listed(NULL, NULL), 2);
	assert_int_equal(listed("status", "finished"), 1);
	assert_int_equal(listed("status", "recording"), 1);
	assert_int_equal(listed("call_id", party.leg.call_id), 2);
	assert_int_equal(listed("call_id", SOME_ID), 0);
	assert_int_equal(listed("created_to", "2020-01-01T00:00:00Z"), 0);
	assert_int_equal(listed("created_from", "2020-01-01T00:00:00Z"), 2);
	assert_int_equal(listed("format", "wav"), 0);
	g_free(first);
	g_free(second);
}

static void test_others(void **state)
{
	static const char *const verbs[] = {
		"recordings.get", "recordings.media", "recordings.patch",
		"recordings.link", "recordings.delete"};
	char *id = record_stored();
	json_t *other = api_rig_make(&rig, "accounts.create", NULL,
				     json_pack("{s:s}", "name", "other"));
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(verbs); ++i) {
		struct api_ask ask = {
			.verb = verbs[i],
			.id = id,
			.account_id = json_str(other, "id", ""),
			.body = json_pack("{s:s}", "status", "finished"),
		};

		if (str_eq(verbs[i], "recordings.link"))
			json_object_clear(ask.body);
		if (!strstr(verbs[i], "patch") && !strstr(verbs[i], "link")) {
			json_decref(ask.body);
			ask.body = NULL;
		}
		expect_code(api_rig_ask(&rig, &ask), "recording_not_found");
		ask.account_id = NULL;
		ask.scope = "calls:write";
		ask.body = NULL;
		expect_code(api_rig_ask(&rig, &ask), "forbidden");
	}
	expect_status(ask("recordings.get", id, NULL), "recording");
	json_decref(other);
	g_free(id);
}

static void test_hostile_patches(void **state)
{
	static const char *const bodies[] = {
		"{}",
		"{\"status\":null}",
		"{\"status\":1}",
		"{\"status\":\"failed\"}",
		"{\"status\":\"\"}",
		"{\"status\":[\"paused\"]}",
		"{\"status\":\"paused\",\"format\":\"wav\"}",
		"{\"node_id\":\"x\",\"status\":\"finished\"}",
	};
	char *id = record_stored();
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(bodies); ++i) {
		json_t *body = json_loads(bodies[i], 0, NULL);

		assert_non_null(body);
		expect_code(ask("recordings.patch", id, body), "invalid");
	}
	expect_code(patch("../../etc/passwd", "paused"), "recording_not_found");
	expect_code(patch(SOME_ID, "paused"), "recording_not_found");
	expect_code(ask("recordings.media", "x/../y", NULL),
		    "recording_not_found");
	expect_status(ask("recordings.get", id, NULL), "recording");
	g_free(id);
}

/* ---- links ---- */

static json_t *open_link(const char *id, const char *expires,
			 const char *signature)
{
	const struct api_ask ask = {
		.verb = "recordings.shared",
		.id = id,
		.query = json_pack("{s:s*, s:s*}", "expires", expires,
				   "signature", signature),
	};

	return api_rig_ask(&rig, &ask);
}

/* As the platform signs, so that time need not pass */
static char *signature_of(const char *id, int64_t expires_s)
{
	char *text = g_strdup_printf("recording-link\n%s\n%lld", id,
				     (long long)expires_s),
	     *out;
	uint8_t mac[32];

	secret_hmac_sha256(mac, rig.key, sizeof(rig.key), text, strlen(text));
	out = str_base64url(mac, sizeof(mac));
	g_free(text);

	return out;
}

static void test_links(void **state)
{
	char *id = record_stored(), *second = record_stored(), *want, *expires,
	     *signature;
	const int64_t now_s = clock_wall_ms(clock_system()) / 1000;
	json_t *link, *file;
	const char *url;
	char **parts;
	size_t i;

	api_rig_on_loop(&rig, speak, NULL);
	link = api_rig_ok(ask("recordings.link", id,
			      json_pack("{s:i}", "expires_s", 60)));
	url = json_str(link, "url", "");
	want = g_strdup_printf("/v1/recordings/%s/shared?expires=", id);
	assert_true(str_starts(url, want));
	parts = g_strsplit(url + strlen(want), "&signature=", 2);
	expires = parts[0];
	signature = parts[1];
	assert_in_range(g_ascii_strtoll(expires, NULL, 10), now_s + 59,
			now_s + 120);

	/* not before it is there */
	expect_code(open_link(id, expires, signature), "wrong_state");
	json_decref(api_rig_ok(patch(id, "finished")));
	json_decref(api_rig_ok(patch(second, "finished")));
	file = api_rig_ok(open_link(id, expires, signature));
	assert_string_equal(json_str(file, "content_type", ""), "audio/ogg");
	json_decref(file);

	/* of another, for longer, or made up */
	expect_code(open_link(second, expires, signature), "forbidden");
	expect_code(open_link("x", expires, signature), "recording_not_found");
	expect_code(open_link(id, "99999999999", signature), "forbidden");
	expect_code(open_link(id, "99999999999999999999999", signature),
		    "forbidden");
	expect_code(open_link(id, "-1", signature), "forbidden");
	expect_code(open_link(id, "", signature), "forbidden");
	expect_code(open_link(id, expires, ""), "forbidden");
	expect_code(open_link(id, NULL, NULL), "forbidden");
	expect_code(open_link(id, expires, "a"), "forbidden");
	for (i = 0; i < strlen(signature); ++i) {
		const char was = signature[i];

		/* the last one's lowest two bits mean nothing, yet count */
		signature[i] = was == 'A' ? 'B' : 'A';
		expect_code(open_link(id, expires, signature), "forbidden");
		signature[i] = was;
	}

	/* one that was right, too late */
	g_free(want);
	want = signature_of(id, now_s - 1);
	g_free(parts[0]);
	parts[0] = g_strdup_printf("%lld", (long long)now_s - 1);
	expect_code(open_link(id, parts[0], want), "token_expired");

	json_decref(api_rig_ok(ask("recordings.delete", id, NULL)));
	g_free(parts[0]);
	parts[0] = g_strdup_printf("%lld", (long long)now_s + 60);
	g_free(want);
	want = signature_of(id, now_s + 60);
	expect_code(open_link(id, parts[0], want), "recording_not_found");
	g_strfreev(parts);
	g_free(want);
	json_decref(link);
	g_free(id);
	g_free(second);
}

static void test_link_bounds(void **state)
{
	char *id = record_stored();

	expect_code(
		ask("recordings.link", id, json_pack("{s:i}", "expires_s", 0)),
		"invalid");
	expect_code(ask("recordings.link", id,
			json_pack("{s:i}", "expires_s", 2592001)),
		    "invalid");
	expect_code(ask("recordings.link", SOME_ID, NULL),
		    "recording_not_found");
	json_decref(api_rig_ok(ask("recordings.link", id, NULL)));
	g_free(id);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_life, setup, teardown),
		cmocka_unit_test_setup_teardown(test_the_call_ends, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_the_call_is_erased, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_orphans_go_at_the_start,
						setup, teardown),
		cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_patches, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_links, setup, teardown),
		cmocka_unit_test_setup_teardown(test_link_bounds, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
