/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which pages may read what: preflights, answers, refusals */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "support/rest_rig.h"

#define ADMIN REST_BEARER(REST_KEY_ADMIN)
#define ORIGIN(of) "Origin: " of "\r\n"
#define PREFLIGHT(method) "Access-Control-Request-Method: " method "\r\n"

#define ALLOW_ORIGIN "Access-Control-Allow-Origin"

static int setup(void **state)
{
	struct rest_rig *rig = g_new0(struct rest_rig, 1);

	rest_rig_init(rig);
	rest_rig_start(rig);
	*state = rig;

	return 0;
}

static int teardown(void **state)
{
	rest_rig_close(*state);
	g_free(*state);

	return 0;
}

static void expect_field(const struct rest_result *res, const char *name,
			 const char *want)
{
	char *value = rest_result_field(res, name);

	if (want) {
		assert_non_null(value);
		assert_string_equal(value, want);
	} else {
		assert_null(value);
	}
	g_free(value);
}

/* `shared`: the origin that may read it, or NULL */
static void expect_shared(struct rest_rig *rig, const char *target,
			  const char *lines, int status, const char *shared)
{
	struct rest_result res;

	rest_rig_ask(rig, &res, "GET", target, lines, NULL);
	assert_int_equal(res.status, status);
	expect_field(&res, ALLOW_ORIGIN, shared);
	expect_field(&res, "Vary", strstr(lines, "Origin:") ? "Origin" : NULL);
	expect_field(&res, "Access-Control-Allow-Credentials", NULL);
	expect_field(&res, "Access-Control-Expose-Headers",
		     shared ? "Location, X-Request-Id, Retry-After, "
			      "Content-Range, Idempotency-Replayed, "
			      "ETag, Content-Disposition"
			    : NULL);
	rest_result_clear(&res);
}

static void test_answers(void **state)
{
	struct rest_rig *rig = *state;

	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://a.example"), 200,
		      "https://a.example");
	/* exactly as it was sent */
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://A.Example"), 200,
		      "https://A.Example");
	/* another account's, an unknown one, none */
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://b.example"), 200,
		      NULL);
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://evil.example"),
		      200, NULL);
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("null"), 200, NULL);
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("*"), 200, NULL);
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN(""), 200, NULL);
	expect_shared(rig, "/v1/flows", ADMIN, 200, NULL);
	/* what only looks alike */
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("http://a.example"), 200,
		      NULL);
	expect_shared(rig, "/v1/flows",
		      ADMIN ORIGIN("https://a.example.evil.example"), 200,
		      NULL);
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://a.example:444"),
		      200, NULL);
	/* for whom it acts counts */
	expect_shared(
		rig, "/v1/flows",
		REST_BEARER(REST_KEY_PLATFORM) "Bifrons-Account: acc-b"
					       "\r\n" ORIGIN(
						       "http://localhost:3000"),
		200, "http://localhost:3000");
}

/* A page must be able to read what went wrong */
static void test_refusals(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_result res;

	expect_shared(rig, "/v1/flows", ORIGIN("https://b.example"), 401,
		      "https://b.example");
	expect_shared(rig, "/v1/flows",
		      REST_BEARER("bfk_none") ORIGIN("https://a.example"), 401,
		      "https://a.example");
	expect_shared(rig, "/v1/nothing", ORIGIN("https://a.example"), 404,
		      "https://a.example");
	expect_shared(rig, "/v1/nothing", ORIGIN("https://evil.example"), 404,
		      NULL);
	expect_shared(rig, "/v1/flows",
		      REST_BEARER(REST_KEY_METRICS) ORIGIN("https://a.example"),
		      403, "https://a.example");
	/* a suspended account's pages are nobody's */
	expect_shared(rig, "/v1/flows",
		      REST_BEARER(REST_KEY_SUSPENDED)
			      ORIGIN("https://s.example"),
		      403, NULL);

	/* refused in the middle of a body */
	rest_rig_ask(
		rig, &res, "POST", "/v1/flows",
		ADMIN REST_JSON ORIGIN(
			"https://a.example") "Content-Length: 99999999\r\n",
		NULL);
	assert_int_equal(res.status, 413);
	expect_field(&res, ALLOW_ORIGIN, "https://a.example");
	rest_result_clear(&res);

	/* two origins are one too many */
	rest_rig_ask(rig, &res, "GET", "/v1/flows",
		     ADMIN ORIGIN("https://evil.example")
			     ORIGIN("https://a.example"),
		     NULL);
	assert_int_equal(res.status, 400);
	rest_result_clear(&res);
}

static void expect_preflight(struct rest_rig *rig, const char *target,
			     const char *lines, const char *shared,
			     const char *methods)
{
	struct rest_result res;

	rest_rig_ask(rig, &res, "OPTIONS", target, lines, NULL);
	assert_int_equal(res.status, 204);
	expect_field(&res, "Allow", methods);
	expect_field(&res, "Vary", "Origin");
	expect_field(&res, ALLOW_ORIGIN, shared);
	expect_field(&res, "Access-Control-Allow-Methods",
		     shared ? methods : NULL);
	expect_field(&res, "Access-Control-Allow-Headers",
		     shared ? "Authorization, Content-Type, Idempotency-Key, "
			      "Bifrons-Account, Last-Event-ID, Range, "
			      "X-Request-Id, If-None-Match, If-Range"
			    : NULL);
	expect_field(&res, "Access-Control-Max-Age", shared ? "600" : NULL);
	expect_field(&res, "Access-Control-Allow-Credentials", NULL);
	rest_result_clear(&res);
}

static void test_preflights(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_result res;

	expect_preflight(rig, "/v1/flows",
			 ORIGIN("https://a.example") PREFLIGHT("POST"),
			 "https://a.example", "GET, HEAD, POST, OPTIONS");
	expect_preflight(rig, "/v1/flows/x",
			 ORIGIN("https://b.example") PREFLIGHT("DELETE"),
			 "https://b.example",
			 "GET, HEAD, PATCH, DELETE, OPTIONS");
	expect_preflight(rig, "/v1/events",
			 ORIGIN("https://b.example") PREFLIGHT("GET"),
			 "https://b.example", "GET, HEAD, OPTIONS");
	expect_preflight(rig, "/v1/flows",
			 ORIGIN("https://evil.example") PREFLIGHT("POST"), NULL,
			 "GET, HEAD, POST, OPTIONS");
	expect_preflight(rig, "/v1/flows",
			 ORIGIN("https://s.example") PREFLIGHT("POST"), NULL,
			 "GET, HEAD, POST, OPTIONS");

	/* OPTIONS alone is no preflight */
	rest_rig_ask(rig, &res, "OPTIONS", "/v1/flows",
		     ORIGIN("https://a.example"), NULL);
	assert_int_equal(res.status, 204);
	expect_field(&res, ALLOW_ORIGIN, "https://a.example");
	expect_field(&res, "Access-Control-Allow-Methods", NULL);
	rest_result_clear(&res);
}

static void test_event_streams(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_listener ls;

	rest_listen(&ls, rig, "/v1/events?ticket=" REST_TICKET,
		    ORIGIN("https://a.example"));
	assert_int_equal(ls.head.status, 200);
	expect_field(&ls.head, ALLOW_ORIGIN, "https://a.example");
	expect_field(&ls.head, "Vary", "Origin");
	rest_listen_close(&ls);

	rest_listen(&ls, rig, "/v1/events?ticket=" REST_TICKET,
		    ORIGIN("https://b.example"));
	assert_int_equal(ls.head.status, 200);
	expect_field(&ls.head, ALLOW_ORIGIN, NULL);
	rest_listen_close(&ls);
}

/* A change is seen soon, without a restart */
static void test_a_change_is_seen(void **state)
{
	struct rest_rig *rig = *state;
	struct rest_result res;
	char *shared = NULL;

	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://new.example"),
		      200, NULL);
	rest_rig_sql(rig, "UPDATE account SET doc ="
			  " '{\"allowed_origins\":[\"https://new.example\"]}'"
			  " WHERE id = 'acc-a'");
	while (!shared) {
		rest_rig_ask(rig, &res, "GET", "/v1/flows",
			     ADMIN ORIGIN("https://new.example"), NULL);
		shared = rest_result_field(&res, ALLOW_ORIGIN);
		rest_result_clear(&res);
		if (!shared)
			g_usleep(20000);
	}
	assert_string_equal(shared, "https://new.example");
	g_free(shared);
	expect_shared(rig, "/v1/flows", ADMIN ORIGIN("https://a.example"), 200,
		      NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_preflights),
		cmocka_unit_test(test_event_streams),
		cmocka_unit_test(test_a_change_is_seen),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
