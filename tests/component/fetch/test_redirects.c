/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where requests may lead, and what they take along: the guard of addresses,
 * names that lie, redirects */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "common/opt.h"
#include "support/fake_dns.h"
#include "support/fetch_rig.h"
#include "support/http_peer.h"

static const struct fetcher_params guarded = {.allow_private = false};

/* ---- Addresses ---- */

static void test_private_addresses_are_refused(void **state)
{
	static const char *const hosts[] = {
		"127.0.0.1",
		"127.1",
		"127.8.8.8",
		"2130706433",
		"0x7f000001",
		"0177.0.0.1",
		"0.0.0.0",
		"localhost",
		"LOCALHOST",
		"[::1]",
		"[::]",
		"[::ffff:127.0.0.1]",
		"[::ffff:7f00:1]",
		"[::127.0.0.1]",
		"[64:ff9b::127.0.0.1]",
		"10.0.0.1",
		"169.254.169.254",
		"192.168.0.1",
		"[fe80::1]",
		"[fd00:ec2::254]",
		"255.255.255.255",
	};
	struct hpeer *peer = hpeer_open(&(struct hpeer_params){0});
	struct frig rig;
	unsigned i, unwritten = 0;

	(void)state;
	frig_open(&rig, &guarded);
	for (i = 0; i < G_N_ELEMENTS(hosts); ++i) {
		char *url = g_strdup_printf("http://%s:%u/", hosts[i],
					    hpeer_port(peer));
		struct fetch_params prm = frig_params(url);

		if (!opt_check_http_url(url))
			frig_expect(&rig, &prm, "forbidden_address");
		else
			++unwritten;
		g_free(url);
	}
	frig_close(&rig);
	print_message("%u of %zu may not even be written\n", unwritten,
		      G_N_ELEMENTS(hosts));
	assert_int_equal(hpeer_connections(peer), 0);
	hpeer_close(peer);
}

/* What a name says is asked once, and that is what is connected to */
static void test_names_that_lead_inside(void **state)
{
	static const char *const answers[] = {"127.0.0.1", "::1",
					      "10.1.2.3 192.168.1.1",
					      "::ffff:127.0.0.1 127.0.0.1"};
	struct hpeer *peer = hpeer_open(&(struct hpeer_params){0});
	char *url = g_strdup_printf("http://inside.test:%u/", hpeer_port(peer));
	struct fetch_params prm = frig_params(url);
	struct frig rig;
	unsigned i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(answers); ++i) {
		fake_dns_set("inside.test", answers[i]);
		frig_open(&rig, &guarded);
		frig_expect(&rig, &prm, "forbidden_address");
		frig_close(&rig);
	}
	assert_int_equal(hpeer_connections(peer), 0);

	/* the operator's word counts */
	frig_open(&rig, NULL);
	fake_dns_set("inside.test", "127.0.0.1");
	frig_expect(&rig, &prm, "");
	frig_close(&rig);
	fake_dns_set("inside.test", NULL);
	hpeer_close(peer);
	g_free(url);
}

/* 127.0.0.1 is public, 127.0.0.2 is not */
static bool all_but_second(const struct sockaddr *addr)
{
	const struct sockaddr_in *in4 = (const void *)addr;

	return addr->sa_family == AF_INET &&
	       in4->sin_addr.s_addr == htonl(INADDR_LOOPBACK);
}

static const struct fetcher_params half_guarded = {.is_public = all_but_second};

/* One public address among others: it is the one that is used */
static void test_name_with_both_kinds(void **state)
{
	struct hpeer *peer = hpeer_open(&(struct hpeer_params){0});
	char *url = g_strdup_printf("http://both.test:%u/", hpeer_port(peer));
	struct fetch_params prm = frig_params(url);
	struct frig rig;

	(void)state;
	fake_dns_set("both.test", "127.0.0.2 127.0.0.3 127.0.0.1");
	frig_open(&rig, &half_guarded);
	frig_expect(&rig, &prm, "");
	frig_close(&rig);
	fake_dns_set("both.test", NULL);
	hpeer_close(peer);
	g_free(url);
}

/* ---- Redirects ---- */

struct script {
	int status;
	char *location; /* of /start */
};

static void redirect(struct hpeer_conn *conn, const struct hpeer_request *req,
		     void *arg)
{
	const struct script *script = arg;
	char *fields;

	if (!g_str_has_prefix(req->target, "/start/here")) {
		hpeer_answer(conn, 200, NULL, "there");
		return;
	}
	fields = script->location
			 ? g_strdup_printf("Location: %s\r\n"
					   "Cache-Control: max-age=99\r\n",
					   script->location)
			 : NULL;
	hpeer_answer(conn, script->status, fields, "elsewhere");
	g_free(fields);
}

struct fix {
	struct script script;
	struct hpeer *peer, *other;
	struct frig rig;
	char *url;
};

static void open_all(struct fix *fix, const struct fetcher_params *fetcher)
{
	const struct hpeer_params prm = {.handler = redirect,
					 .arg = &fix->script};

	memset(fix, 0, sizeof(*fix));
	fix->peer = hpeer_open(&prm);
	fix->other = hpeer_open(&(struct hpeer_params){0});
	fix->url = hpeer_url(fix->peer, "/start/here?x=y");
	frig_open(&fix->rig, fetcher);
}

static void close_all(struct fix *fix)
{
	frig_close(&fix->rig);
	hpeer_close(fix->peer);
	hpeer_close(fix->other);
	g_free(fix->url);
	g_free(fix->script.location);
}

static void script(struct fix *fix, int status, char *location)
{
	fix->script.status = status;
	g_free(fix->script.location);
	fix->script.location = location;
}

static void test_locations(void **state)
{
	static const struct {
		const char *location, *target;
	} rows[] = {
		{"/there", "/there"},
		{"there", "/start/there"},
		{"../up?a=b#c", "/up?a=b"},
		{"/a b", "/a%20b"},
		{"/m\xc3\xb8"
		 "de",
		 "/m%c3%b8de"},
	};
	struct fetch_params prm;
	struct frig_got got;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL);
	prm = frig_params(fix.url);
	prm.redirects = 1;
	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		script(&fix, 302, g_strdup(rows[i].location));
		frig_ask(&fix.rig, &got, &prm);
		assert_int_equal(got.status, 200);
		assert_string_equal(got.body, "there");
		/* nothing is left of the answer before */
		assert_int_equal(got.max_age_s, -1);
		frig_clear(&got);
		assert_string_equal(hpeer_request(fix.peer, i * 2 + 1)->target,
				    rows[i].target);
	}
	assert_int_equal(hpeer_connections(fix.peer), 1);
	close_all(&fix);
}

static void test_methods(void **state)
{
	static const struct {
		int status;
		const char *method, *then;
	} rows[] = {
		{301, "GET", "GET"},   {302, "GET", "GET"},
		{303, "GET", "GET"},   {307, "GET", "GET"},
		{308, "GET", "GET"},   {301, "POST", "GET"},
		{302, "POST", "GET"},  {303, "POST", "GET"},
		{307, "POST", "POST"}, {308, "POST", "POST"},
		{302, "PUT", "PUT"},   {303, "PUT", "GET"},
		{303, "HEAD", "HEAD"},
	};
	static const char *const headers[] = {"Content-Type: text/plain",
					      "X-Own: 1", NULL};
	const struct hpeer_request *req;
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL);
	prm = frig_params(fix.url);
	prm.redirects = 1;
	prm.headers = headers;
	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		const bool post = rows[i].method[0] == 'P';
		const bool still = rows[i].then[0] == 'P';

		script(&fix, rows[i].status, g_strdup("/there"));
		prm.method = rows[i].method;
		prm.body = post ? "data" : NULL;
		prm.body_len = post ? 4 : 0;
		frig_expect(&fix.rig, &prm, "");
		req = hpeer_request(fix.peer, i * 2 + 1);
		assert_string_equal(req->method, rows[i].then);
		assert_int_equal(req->body_len, still ? 4 : 0);
		assert_int_equal(hpeer_has(req, "Content-Type"), still);
		assert_true(hpeer_has(req, "X-Own"));
	}
	close_all(&fix);
}

static void test_secrets_stay_with_the_origin(void **state)
{
	static const char *const headers[] = {"Authorization: Bearer secret",
					      "Cookie: a=b",
					      "X-Api-Key: secret",
					      "Accept: audio/wav",
					      "Content-Type: text/plain",
					      NULL};
	const struct hpeer_request *req;
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL);
	script(&fix, 307, hpeer_url(fix.other, "/x"));
	prm = frig_params(fix.url);
	prm.redirects = 3;
	prm.headers = headers;
	prm.if_none_match = "\"one\"";
	prm.method = "POST";
	prm.body = "data";
	prm.body_len = 4;
	frig_expect(&fix.rig, &prm, "");
	assert_true(hpeer_has(hpeer_wait(fix.peer, 1), "Authorization"));
	req = hpeer_wait(fix.other, 1);
	assert_false(hpeer_has(req, "Authorization"));
	assert_false(hpeer_has(req, "Cookie"));
	assert_false(hpeer_has(req, "X-Api-Key"));
	assert_true(hpeer_has(req, "Accept"));
	assert_true(hpeer_has(req, "Content-Type"));
	assert_true(hpeer_has(req, "If-None-Match"));
	assert_int_equal(req->body_len, 4);
	close_all(&fix);
}

static void test_redirects_are_an_answer_when_none_is_allowed(void **state)
{
	struct fetch_params prm;
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL);
	script(&fix, 302, g_strdup("/there"));
	prm = frig_params(fix.url);
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.err, 0);
	assert_int_equal(got.status, 302);
	assert_string_equal(got.body, "elsewhere");
	frig_clear(&got);

	/* and so is one that says not where to */
	script(&fix, 302, NULL);
	prm.redirects = 5;
	frig_ask(&fix.rig, &got, &prm);
	assert_int_equal(got.status, 302);
	frig_clear(&got);
	assert_int_equal(hpeer_count(fix.peer), 2);
	close_all(&fix);
}

static void test_circles_end(void **state)
{
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL);
	script(&fix, 302, g_strdup("/start/here/again"));
	prm = frig_params(fix.url);
	prm.redirects = 5;
	frig_expect(&fix.rig, &prm, "too_many_redirects");
	assert_int_equal(hpeer_count(fix.peer), 6);
	close_all(&fix);
}

static void test_redirects_that_lead_inside(void **state)
{
	struct fetch_params prm;
	struct fix fix;

	(void)state;
	open_all(&fix, &half_guarded);
	prm = frig_params(fix.url);
	prm.redirects = 5;
	script(&fix, 302,
	       g_strdup_printf("http://127.0.0.2:%u/", hpeer_port(fix.other)));
	frig_expect(&fix.rig, &prm, "forbidden_address");
	script(&fix, 302, g_strdup("http://169.254.169.254/latest/meta-data"));
	frig_expect(&fix.rig, &prm, "forbidden_address");

	/* by a name that meant something else a moment ago */
	fake_dns_set("turn.test", "127.0.0.2");
	script(&fix, 302,
	       g_strdup_printf("http://turn.test:%u/", hpeer_port(fix.other)));
	frig_expect(&fix.rig, &prm, "forbidden_address");
	fake_dns_set("turn.test", NULL);
	assert_int_equal(hpeer_connections(fix.other), 0);
	close_all(&fix);
}

static void test_redirects_to_anything(void **state)
{
	static const struct {
		const char *location, *code;
	} rows[] = {
		{"file:///etc/passwd", "forbidden_address"},
		{"ftp://127.0.0.1/x", "forbidden_address"},
		{"gopher://127.0.0.1:25/x", "forbidden_address"},
		{"dict://127.0.0.1/x", "forbidden_address"},
		{"ws://127.0.0.1/x", "forbidden_address"},
		{"data:text/plain,x", "forbidden_address"},
		{"javascript:alert(1)", "forbidden_address"},
		{"http://user:secret@127.0.0.1/", "bad_response"},
		{"http://127.0.0.1:99999/", "bad_response"},
		{"http://[::1/", "bad_response"},
		{"http://", "bad_response"},
		{"http://a b/", "bad_response"},
	};
	struct fetch_params prm;
	struct fix fix;
	unsigned i;

	(void)state;
	open_all(&fix, NULL);
	prm = frig_params(fix.url);
	prm.redirects = 1;
	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		script(&fix, 302, g_strdup(rows[i].location));
		frig_expect(&fix.rig, &prm, rows[i].code);
	}
	script(&fix, 302, g_strnfill(9000, 'a'));
	frig_expect(&fix.rig, &prm, "bad_response");
	close_all(&fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_private_addresses_are_refused),
		cmocka_unit_test(test_names_that_lead_inside),
		cmocka_unit_test(test_name_with_both_kinds),
		cmocka_unit_test(test_locations),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_secrets_stay_with_the_origin),
		cmocka_unit_test(
			test_redirects_are_an_answer_when_none_is_allowed),
		cmocka_unit_test(test_circles_end),
		cmocka_unit_test(test_redirects_that_lead_inside),
		cmocka_unit_test(test_redirects_to_anything),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
