/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cancel and stop at any moment: done() comes once, on the loop; and limits */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "loop/loop.h"
#include "support/fake_dns.h"
#include "support/fetch_rig.h"
#include "support/http_peer.h"

#define OK "HTTP/1.1 200 OK\r\n"

struct fix {
	struct frig rig;
	struct hpeer *peer;
	char *url;
	struct fetch_params prm;
};

static void open_limited(struct fix *fix, hpeer_h *handler,
			 struct fetcher_params fetcher)
{
	const struct hpeer_params prm = {.handler = handler};

	memset(fix, 0, sizeof(*fix));
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/");
	fix->prm = frig_params(fix->url);
	fetcher.allow_private = true;
	frig_open(&fix->rig, &fetcher);
}

static void open_all(struct fix *fix, hpeer_h *handler)
{
	const struct fetcher_params fetcher = {0};

	open_limited(fix, handler, fetcher);
}

static void close_all(struct fix *fix)
{
	frig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_free(fix->url);
}

static void begin(struct fix *fix, struct frig_got *got)
{
	memset(got, 0, sizeof(*got));
	assert_int_equal(frig_start(&fix->rig, got, &fix->prm), 0);
}

static void expect_canceled(struct fix *fix, struct frig_got *got)
{
	frig_wait(&fix->rig, got);
	assert_string_equal(got->code, "canceled");
	assert_int_equal(got->err, ECANCELED);
	assert_null(got->body);
}

static void hang(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	hpeer_hang(conn);
}

static void half(struct hpeer_conn *conn, const struct hpeer_request *req,
		 void *arg)
{
	hpeer_say(conn, OK "Content-Length: 10\r\n\r\nhello");
	hpeer_hang(conn);
}

/* ---- Cancel ---- */

static void test_cancel_before_it_began(void **state)
{
	struct frig_got got = {0};
	struct fix fix;

	(void)state;
	open_all(&fix, hang);
	frig_start_and_cancel(&fix.rig, &got, &fix.prm);
	expect_canceled(&fix, &got);
	frig_close(&fix.rig); /* every post has run */
	assert_int_equal(got.ends, 1);
	frig_clear(&got);
	close_all(&fix);
}

static void test_cancel_while_waiting_for_an_answer(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, hang);
	begin(&fix, &got);
	hpeer_wait(fix.peer, 1);
	frig_cancel(&fix.rig, &got);
	expect_canceled(&fix, &got);
	assert_int_equal(got.status, 0);
	hpeer_wait_closed(fix.peer, 1);
	frig_clear(&got);
	close_all(&fix);
}

static void test_cancel_in_the_body(void **state)
{
	char *path = NULL;
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, half);
	fix.prm.fd = g_file_open_tmp("bifrons-fetch-XXXXXX", &path, NULL);
	begin(&fix, &got);
	frig_wait_progress(&fix.rig, &got, 5);
	frig_cancel(&fix.rig, &got);
	expect_canceled(&fix, &got);
	assert_int_equal(got.status, 200);
	assert_int_equal(got.body_len, 5);
	assert_int_equal(lseek(fix.prm.fd, 0, SEEK_END), 5);
	hpeer_wait_closed(fix.peer, 1);
	close(fix.prm.fd);
	g_unlink(path);
	g_free(path);
	frig_clear(&got);
	close_all(&fix);
}

static void test_cancel_while_a_name_is_looked_up(void **state)
{
	struct frig_got got;
	struct fix fix;

	(void)state;
	open_all(&fix, NULL);
	fake_dns_set("slow.test", "127.0.0.1");
	fake_dns_hold();
	fix.prm.url = "http://slow.test/";
	begin(&fix, &got);
	fake_dns_wait_held(1);
	frig_cancel(&fix.rig, &got);
	expect_canceled(&fix, &got); /* the lookup has not ended */
	frig_clear(&got);
	fake_dns_release();
	fake_dns_set("slow.test", NULL);
	close_all(&fix);
}

static void test_cancel_of_one_that_waits_for_its_turn(void **state)
{
	const struct fetcher_params one = {.max_running = 1};
	struct frig_got got[3];
	struct fix fix;

	(void)state;
	open_limited(&fix, hang, one);
	begin(&fix, &got[0]);
	hpeer_wait(fix.peer, 1);
	begin(&fix, &got[1]);
	begin(&fix, &got[2]);
	frig_cancel(&fix.rig, &got[1]);
	expect_canceled(&fix, &got[1]);
	assert_int_equal(got[0].ends, 0);
	assert_int_equal(hpeer_count(fix.peer), 1);

	/* the place goes to the next that is left */
	frig_cancel(&fix.rig, &got[0]);
	expect_canceled(&fix, &got[0]);
	hpeer_wait(fix.peer, 2);
	frig_cancel(&fix.rig, &got[2]);
	expect_canceled(&fix, &got[2]);
	for (unsigned i = 0; i < 3; ++i)
		frig_clear(&got[i]);
	close_all(&fix);
}

/* ---- Stop ---- */

static void test_stop_with_all_kinds(void **state)
{
	const struct fetcher_params two = {.max_running = 3, .max_per_host = 2};
	struct frig_got got[20];
	struct fix fix;
	unsigned i;

	(void)state;
	open_limited(&fix, hang, two);
	fake_dns_set("slow.test", "127.0.0.1");
	fake_dns_hold();
	for (i = 0; i < G_N_ELEMENTS(got) - 1; ++i)
		begin(&fix, &got[i]);
	fix.prm.url = "http://slow.test/";
	begin(&fix, &got[i]);
	hpeer_wait(fix.peer, 2);
	fake_dns_wait_held(1);
	frig_stop(&fix.rig);
	/* when it returns, every end is on its way */
	frig_close(&fix.rig);
	for (i = 0; i < G_N_ELEMENTS(got); ++i) {
		assert_int_equal(got[i].ends, 1);
		assert_string_equal(got[i].code, "canceled");
		frig_clear(&got[i]);
	}
	fake_dns_release();
	fake_dns_set("slow.test", NULL);
	close_all(&fix);
}

struct late {
	atomic_bool entered, stopped;
	struct frig_got *got;
};

/* Its end is posted behind us: the handle is still good */
static void cancel_once_stopped(void *arg)
{
	struct late *late = arg;

	late->entered = true;
	while (!late->stopped)
		sched_yield();
	fetch_cancel(late->got->fetch);
}

static void test_cancel_after_stop(void **state)
{
	struct frig_got got;
	struct late late = {.got = &got};
	struct fix fix;

	(void)state;
	open_all(&fix, hang);
	begin(&fix, &got);
	hpeer_wait(fix.peer, 1);
	assert_int_equal(
		loop_post(fix.rig.loop, "late", cancel_once_stopped, &late), 0);
	while (!late.entered)
		sched_yield();
	frig_stop(&fix.rig);
	late.stopped = true;
	expect_canceled(&fix, &got);
	frig_close(&fix.rig);
	assert_int_equal(got.ends, 1);
	frig_clear(&got);
	close_all(&fix);
}

/* ---- Limits ---- */

static void test_queue_is_bounded(void **state)
{
	const struct fetcher_params few = {.max_running = 1, .max_queued = 2};
	struct fetcher_stats stats;
	struct frig_got got[4];
	struct fix fix;
	unsigned i;

	(void)state;
	open_limited(&fix, hang, few);
	for (i = 0; i < 3; ++i)
		begin(&fix, &got[i]);
	memset(&got[3], 0, sizeof(got[3]));
	assert_int_equal(frig_start(&fix.rig, &got[3], &fix.prm), EAGAIN);
	hpeer_wait(fix.peer, 1);
	fetcher_stats(fix.rig.fetcher, &stats);
	assert_int_equal(stats.running, 1);
	assert_int_equal(stats.queued, 2);
	assert_int_equal(stats.requests, 0);

	frig_cancel(&fix.rig, &got[0]);
	expect_canceled(&fix, &got[0]);
	begin(&fix, &got[3]);
	frig_stop(&fix.rig);
	for (i = 0; i < 4; ++i) {
		expect_canceled(&fix, &got[i]);
		frig_clear(&got[i]);
	}
	close_all(&fix);
}

/* Whoever waits longer than it may is not started any more */
static void test_time_passes_in_the_queue(void **state)
{
	const struct fetcher_params one = {.max_running = 1};
	struct frig_got first;
	struct fix fix;

	(void)state;
	open_limited(&fix, hang, one);
	begin(&fix, &first);
	hpeer_wait(fix.peer, 1);
	fix.prm.timeout_ms = 200;
	frig_expect(&fix.rig, &fix.prm, "timeout");
	assert_int_equal(hpeer_count(fix.peer), 1);
	frig_stop(&fix.rig);
	expect_canceled(&fix, &first);
	frig_clear(&first);
	close_all(&fix);
}

static void test_one_host_does_not_take_all_places(void **state)
{
	const struct fetcher_params few = {.max_running = 8, .max_per_host = 2};
	struct frig_got got[10];
	struct fetcher_stats stats;
	struct hpeer *other = hpeer_open(&(struct hpeer_params){0});
	char *url = g_strdup_printf("http://other.test:%u/", hpeer_port(other));
	struct fetch_params prm = frig_params(url);
	struct fix fix;
	unsigned i;

	(void)state;
	fake_dns_set("other.test", "127.0.0.1");
	open_limited(&fix, hang, few);
	for (i = 0; i < G_N_ELEMENTS(got); ++i)
		begin(&fix, &got[i]);
	hpeer_wait(fix.peer, 2);
	frig_expect(&fix.rig, &prm, ""); /* though it came last */
	fetcher_stats(fix.rig.fetcher, &stats);
	assert_int_equal(stats.running, 2);
	assert_int_equal(stats.requests, 1);
	assert_int_equal(hpeer_count(fix.peer), 2);
	frig_stop(&fix.rig);
	for (i = 0; i < G_N_ELEMENTS(got); ++i) {
		expect_canceled(&fix, &got[i]);
		frig_clear(&got[i]);
	}
	fake_dns_set("other.test", NULL);
	close_all(&fix);
	hpeer_close(other);
	g_free(url);
}

/* Servers of one owner are many: its places are few all the same */
static void test_one_owner_does_not_take_all_places(void **state)
{
	const struct fetcher_params few = {.max_running = 8, .max_per_host = 8};
	struct frig_got got[10];
	struct fetcher_stats stats;
	struct hpeer *other = hpeer_open(&(struct hpeer_params){0});
	char *url = hpeer_url(other, "/");
	struct fetch_params prm = frig_params(url);
	struct fix fix;
	unsigned i;

	(void)state;
	open_limited(&fix, hang, few);
	fix.prm.owner = "one";
	for (i = 0; i < G_N_ELEMENTS(got); ++i)
		begin(&fix, &got[i]);
	hpeer_wait(fix.peer, 2);
	prm.owner = "two";
	frig_expect(&fix.rig, &prm, ""); /* though it came last */
	prm.owner = NULL;
	frig_expect(&fix.rig, &prm, "");
	fetcher_stats(fix.rig.fetcher, &stats);
	assert_int_equal(stats.running, 2);
	assert_int_equal(hpeer_count(fix.peer), 2);

	/* what ends makes room for the owner's next */
	frig_cancel(&fix.rig, &got[0]);
	expect_canceled(&fix, &got[0]);
	hpeer_wait(fix.peer, 3);
	frig_stop(&fix.rig);
	for (i = 0; i < G_N_ELEMENTS(got); ++i) {
		expect_canceled(&fix, &got[i]);
		frig_clear(&got[i]);
	}
	close_all(&fix);
	hpeer_close(other);
	g_free(url);
}

/* ---- All at once ---- */

static void whatever(struct hpeer_conn *conn, const struct hpeer_request *req,
		     void *arg)
{
	switch (req->nth % 7) {
	case 0:
		hpeer_hang(conn);
		break;
	case 1:
		hpeer_reset(conn);
		break;
	case 2:
		hpeer_say(conn, OK "Content-Length: 100\r\n\r\nhalf");
		hpeer_end(conn);
		break;
	case 3:
		hpeer_answer(conn, 302, "Location: /on\r\n", "");
		break;
	case 4:
		hpeer_answer(conn, 500, NULL, "sorry");
		break;
	default:
		hpeer_answer(conn, 200, NULL, "ok");
		break;
	}
}

static void test_many_of_every_kind(void **state)
{
	enum {
		N = 400
	};
	const struct fetcher_params many = {.max_running = 32,
					    .max_per_host = 32};
	struct frig_got *got = calloc(N, sizeof(*got));
	struct fetcher_stats stats;
	struct fix fix;
	unsigned i, answers = 0;

	(void)state;
	open_limited(&fix, whatever, many);
	fix.prm.stall_ms = 200;
	fix.prm.redirects = 3;
	for (i = 0; i < N; ++i) {
		begin(&fix, &got[i]);
		if (i % 5 == 4) /* one that may have ended by now */
			frig_cancel(&fix.rig, &got[i - 4]);
	}
	for (i = 0; i < N; ++i)
		frig_wait(&fix.rig, &got[i]);
	fetcher_stats(fix.rig.fetcher, &stats);
	assert_int_equal(stats.requests, N);
	assert_int_equal(stats.running, 0);
	assert_int_equal(stats.queued, 0);
	frig_stop(&fix.rig);
	frig_close(&fix.rig);
	for (i = 0; i < N; ++i) {
		assert_int_equal(got[i].ends, 1);
		assert_int_equal(!got[i].code, got[i].status && !got[i].err);
		answers += !got[i].err;
		frig_clear(&got[i]);
	}
	assert_int_equal(stats.failed, N - answers);
	assert_true(answers > 0 && answers < N);
	free(got);
	close_all(&fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cancel_before_it_began),
		cmocka_unit_test(test_cancel_while_waiting_for_an_answer),
		cmocka_unit_test(test_cancel_in_the_body),
		cmocka_unit_test(test_cancel_while_a_name_is_looked_up),
		cmocka_unit_test(test_cancel_of_one_that_waits_for_its_turn),
		cmocka_unit_test(test_stop_with_all_kinds),
		cmocka_unit_test(test_cancel_after_stop),
		cmocka_unit_test(test_queue_is_bounded),
		cmocka_unit_test(test_time_passes_in_the_queue),
		cmocka_unit_test(test_one_host_does_not_take_all_places),
		cmocka_unit_test(test_one_owner_does_not_take_all_places),
		cmocka_unit_test(test_many_of_every_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
