/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers that come late, twice, never, out of order; and the server's end */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "support/rest_rig.h"

#define FLOWS                                                                  \
	"GET /v1/flows HTTP/1.1\r\nHost: x\r\n" REST_BEARER(                   \
		REST_KEY_ADMIN) "\r\n"

enum {
	MANY = 64
};

static void start(struct rest_rig *rig, unsigned in_flight,
		  unsigned deadline_ms, enum rest_fake mode)
{
	rest_rig_init(rig);
	rig->cfg.in_flight = in_flight;
	rig->cfg.deadline_ms = deadline_ms;
	rest_rig_start(rig);
	rest_rig_mode(rig, mode, NULL);
}

static void ask(struct rest_client *cli, struct rest_rig *rig)
{
	rest_client_open(cli, rig->port);
	assert_true(rest_client_say(cli, FLOWS));
}

static void expect(struct rest_client *cli, int status, const char *code)
{
	struct rest_result res;

	rest_client_read(cli, &res, false);
	assert_int_equal(res.status, status);
	assert_string_equal(rest_result_str(&res, "code"), code);
	rest_result_clear(&res);
}

static void test_out_of_order(void **state)
{
	struct rest_client cli[8];
	struct rest_result res;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 256, 10000, REST_FAKE_HOLD);
	for (i = 0; i < G_N_ELEMENTS(cli); ++i) {
		ask(&cli[i], &rig);
		rest_rig_wait_held(&rig, i + 1);
	}
	for (i = G_N_ELEMENTS(cli); i-- > 0;) {
		char *reply = g_strdup_printf("{\"ok\":{\"id\":\"%u\"}}", i);

		rest_rig_answer(&rig, i, reply);
		rest_client_read(&cli[i], &res, false);
		assert_int_equal(res.status, 200);
		assert_int_equal(strtoul(rest_result_str(&res, "id"), NULL, 10),
				 i);
		rest_result_clear(&res);
		rest_client_close(&cli[i]);
		g_free(reply);
	}
	rest_rig_close(&rig);
}

static void test_twice(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 2, 10000, REST_FAKE_TWICE);
	rest_client_open(&cli, rig.port);
	for (i = 0; i < 50; ++i) {
		rest_client_say(&cli, FLOWS);
		expect(&cli, 200, "");
	}
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static void test_timeout_then_late(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;

	/* not so short that an answer given at once may miss it */
	start(&rig, 1, 1000, REST_FAKE_HOLD);
	ask(&cli, &rig);
	expect(&cli, 503, "timeout");

	/* the plugin still has it: no place for another */
	rest_client_say(&cli, FLOWS);
	expect(&cli, 503, "busy");

	rest_rig_answer(&rig, 0, "{\"ok\":{\"id\":\"late\"}}");
	rest_rig_mode(&rig, REST_FAKE_NOW, "{\"ok\":{}}");
	rest_client_say(&cli, FLOWS);
	expect(&cli, 200, "");

	/* and once more, for a place that somebody else may have by now */
	rest_rig_answer(&rig, 0, "{\"ok\":{\"id\":\"late\"}}");
	rest_client_say(&cli, FLOWS);
	expect(&cli, 200, "");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static void test_busy(void **state)
{
	struct rest_client first, second;
	struct rest_result res;
	struct rest_rig rig;
	char *retry;

	start(&rig, 1, 10000, REST_FAKE_HOLD);
	ask(&first, &rig);
	rest_rig_wait_held(&rig, 1);
	ask(&second, &rig);
	rest_client_read(&second, &res, false);
	assert_int_equal(res.status, 503);
	assert_string_equal(rest_result_str(&res, "code"), "busy");
	retry = rest_result_field(&res, "Retry-After");
	assert_string_equal(retry, "1");
	g_free(retry);
	rest_result_clear(&res);

	rest_rig_answer(&rig, 0, "{\"ok\":{}}");
	expect(&first, 200, "");
	rest_client_close(&first);
	rest_client_close(&second);
	rest_rig_close(&rig);
}

static void test_client_leaves(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 256, 10000, REST_FAKE_HOLD);
	for (i = 0; i < 20; ++i) {
		ask(&cli, &rig);
		rest_rig_wait_held(&rig, i + 1);
		rest_client_close(&cli);
	}
	for (i = 0; i < 20; ++i)
		rest_rig_answer(&rig, i, "{\"ok\":{}}");

	rest_rig_mode(&rig, REST_FAKE_NOW, "{\"ok\":{}}");
	ask(&cli, &rig);
	expect(&cli, 200, "");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static void test_pipelining(void **state)
{
	struct rest_client cli;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 256, 10000, REST_FAKE_THREAD);
	rest_client_open(&cli, rig.port);
	rest_client_say(&cli, "%s%s%s%s", FLOWS, FLOWS, FLOWS, FLOWS);
	for (i = 0; i < 4; ++i)
		expect(&cli, 200, "");
	rest_client_close(&cli);
	rest_rig_close(&rig);
}

static void test_stop_answers_everyone(void **state)
{
	struct rest_client cli[MANY], idle, half, body, tls;
	struct rest_result res;
	struct rest_rig rig;
	unsigned i;

	start(&rig, 256, 60000, REST_FAKE_HOLD);
	for (i = 0; i < MANY; ++i)
		ask(&cli[i], &rig);
	rest_rig_wait_held(&rig, MANY);

	/* and those who would keep a polite server waiting */
	rest_client_open(&idle, rig.port);
	rest_client_say(&idle, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	expect(&idle, 200, "");
	rest_client_open(&half, rig.port);
	rest_client_say(&half, "GET /healthz HT");
	rest_client_open(&body, rig.port);
	rest_client_say(&body,
			"POST /v1/flows HTTP/1.1\r\nHost: x\r\n" REST_BEARER(
				REST_KEY_ADMIN) REST_JSON
			"Content-Length: 9\r\n\r\n{");
	rest_client_open(&tls, rig.port);

	/* the deadline is a minute: nobody waits for it */
	rest_rig_stop(&rig);

	for (i = 0; i < MANY; ++i) {
		rest_client_read(&cli[i], &res, false);
		assert_int_equal(res.status, 503);
		assert_string_equal(rest_result_str(&res, "code"),
				    "unavailable");
		rest_result_clear(&res);
		rest_client_close(&cli[i]);
	}
	assert_true(rest_client_is_closed(&idle));
	assert_true(rest_client_is_closed(&half));
	assert_true(rest_client_is_closed(&body));
	assert_true(rest_client_is_closed(&tls));
	rest_client_close(&idle);
	rest_client_close(&half);
	rest_client_close(&body);
	rest_client_close(&tls);
	rest_rig_close(&rig);
}

static void *knock(void *arg) /* until the door is shut */
{
	struct rest_client *cli = arg;
	struct rest_result res;

	while (rest_client_say(cli, FLOWS)) {
		rest_client_read(cli, &res, false);
		if (!res.status)
			break;
		rest_result_clear(&res);
	}

	return NULL;
}

/* Requests keep coming while it stops; answers too */
static void test_stop_in_traffic(void **state)
{
	struct rest_client cli[6];
	pthread_t threads[6];
	unsigned round, i;

	for (round = 0; round < 5; ++round) {
		struct rest_rig rig;

		start(&rig, 4, 100, REST_FAKE_TWICE);
		for (i = 0; i < G_N_ELEMENTS(cli); ++i) {
			rest_client_open(&cli[i], rig.port);
			pthread_create(&threads[i], NULL, knock, &cli[i]);
		}
		while (rest_rig_seen(&rig) < 200)
			g_usleep(1000);
		rest_rig_stop(&rig);
		for (i = 0; i < G_N_ELEMENTS(cli); ++i) {
			pthread_join(threads[i], NULL);
			rest_client_close(&cli[i]);
		}
		rest_rig_close(&rig);
	}
}

struct crowd {
	uint16_t port;
	atomic_bool go_home;
};

static void *keep_coming(void *arg)
{
	struct crowd *crowd = arg;

	while (!atomic_load(&crowd->go_home)) {
		struct rest_client cli;

		if (rest_client_try(&cli, crowd->port))
			rest_client_say(&cli, FLOWS);
		rest_client_close(&cli);
	}

	return NULL;
}

/* Each of its threads has just woken up for a new one, or is about to */
static void test_stop_as_they_come(void **state)
{
	unsigned round;

	for (round = 0; round < 20; ++round) {
		struct crowd crowd = {0};
		struct rest_rig rig;
		pthread_t thread;

		start(&rig, 4, 100, REST_FAKE_NOW);
		crowd.port = rig.port;
		pthread_create(&thread, NULL, keep_coming, &crowd);
		while (rest_rig_seen(&rig) < 20)
			g_usleep(100);
		rest_rig_stop(&rig);
		atomic_store(&crowd.go_home, true);
		pthread_join(thread, NULL);
		rest_rig_close(&rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_order),
		cmocka_unit_test(test_twice),
		cmocka_unit_test(test_timeout_then_late),
		cmocka_unit_test(test_busy),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_pipelining),
		cmocka_unit_test(test_stop_answers_everyone),
		cmocka_unit_test(test_stop_in_traffic),
		cmocka_unit_test(test_stop_as_they_come),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
