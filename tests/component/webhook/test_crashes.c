/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The courier runs in a process of its own, which is killed: at every step
 * between an event's commit and the record of its delivery, and at random
 * while a sink fails a third of all requests. Each event arrives at least
 * once, always with the same id, and in order as far as docs/webhooks.md says.
 *
 * This program is that process too: test_crashes --courier DIR STEP NTH
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <glib.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/json.h"
#include "support/hook_rig.h"
#include "support/http_peer.h"

enum {
	FAILS_MAX = 5, /* of an event, then it is taken */
	NO_STEP = -1,
};

/* ---- The process that dies ---- */

struct child {
	struct hook_rig rig;
	int step;
	unsigned nth;
};

static void die_at(void *arg, enum courier_step step)
{
	struct child *child = arg;

	if ((int)step == child->step && --child->nth == 0)
		(void)kill(getpid(), SIGKILL);
}

/* Until it dies, or the parent closes the pipe */
static int be_courier(char **argv)
{
	struct child child = {
		.step = (int)strtol(argv[3], NULL, 10),
		.nth = (unsigned)strtol(argv[4], NULL, 10),
	};
	char byte;

	hook_rig_join(&child.rig, argv[2]);
	child.rig.prm.step = die_at;
	child.rig.prm.arg = &child;
	child.rig.prm.poll_ms = 5;
	/* well inside the minute that the others of its call wait */
	child.rig.prm.retries.delay_ms[0] = 5000;
	/* the sink does answer, however busy the machine */
	child.rig.prm.grace_ms = 60000;
	hook_rig_start(&child.rig);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	hook_rig_close(&child.rig);

	return 0;
}

/* ---- The test ---- */

struct fix {
	struct hook_rig rig;
	struct hpeer *peer;
	char *url, *id;
	pid_t pid;
	int pipe; /* its standard input */

	pthread_mutex_t mtx;
	/* guarded by mtx */
	GHashTable *fails; /* event id -> how often it was refused */
	GPtrArray *taken;  /* "call sequence fails", in order */
	GHashTable *came;  /* event id -> it arrived */
	unsigned refuse_one_in, gone_at; /* 0 = never */
	unsigned requests;
};

static void start(struct fix *fix, int step, unsigned nth)
{
	char *at = g_strdup_printf("%d", step);
	char *how = g_strdup_printf("%u", nth);
	char name[] = "test_crashes", flag[] = "--courier";
	char *argv[] = {name, flag, fix->rig.dir, at, how, NULL};
	posix_spawn_file_actions_t acts;
	int fds[2];

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_adddup2(&acts, fds[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&acts, STDERR_FILENO, STDOUT_FILENO);
	assert_int_equal(posix_spawn(&fix->pid, "/proc/self/exe", &acts, NULL,
				     argv, environ),
			 0);
	posix_spawn_file_actions_destroy(&acts);
	close(fds[0]);
	fix->pipe = fds[1];
	g_free(at);
	g_free(how);
}

static void expect_end(struct fix *fix, bool killed)
{
	int status = 0;

	if (!killed)
		close(fix->pipe);
	assert_int_equal(waitpid(fix->pid, &status, 0), fix->pid);
	if (killed)
		close(fix->pipe);
	if (killed)
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	else
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fix->pid = 0;
}

static void stop(struct fix *fix)
{
	expect_end(fix, false);
}

static void kill_it(struct fix *fix)
{
	(void)kill(fix->pid, SIGKILL);
	expect_end(fix, true);
}

static bool is_alive(const struct fix *fix)
{
	siginfo_t info = {0};

	return !waitid(P_PID, (id_t)fix->pid, &info,
		       WEXITED | WNOHANG | WNOWAIT) &&
	       !info.si_pid;
}

static unsigned count_of(GHashTable *table, const char *id)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(table, id));
}

static unsigned add_one(GHashTable *table, const char *id)
{
	const unsigned n = count_of(table, id) + 1;

	g_hash_table_replace(table, g_strdup(id), GUINT_TO_POINTER(n));

	return n;
}

/* The same for an id and how often it was refused: each run is alike */
static bool is_refused(const struct fix *fix, const char *id)
{
	const unsigned n = count_of(fix->fails, id);
	const unsigned h = (g_str_hash(id) + n * 2654435761u) >> 7;

	return fix->refuse_one_in && n < FAILS_MAX &&
	       h % fix->refuse_one_in == 0;
}

static int judge(struct fix *fix, const json_t *event)
{
	const char *id = json_str(event, "id", "");

	if (++fix->requests == fix->gone_at)
		return 410;
	if (is_refused(fix, id)) {
		(void)add_one(fix->fails, id);
		return 500;
	}
	if (add_one(fix->came, id) == 1)
		g_ptr_array_add(
			fix->taken,
			g_strdup_printf(
				"%s %lld %u", json_str(event, "call_id", ""),
				(long long)json_int(event, "sequence", 0),
				count_of(fix->fails, id)));

	return 200;
}

static void on_request(struct hpeer_conn *conn, const struct hpeer_request *req,
		       void *arg)
{
	struct fix *fix = arg;
	json_t *event = json_loads(req->body, 0, NULL);
	char *id = hpeer_field(req, "webhook-id");
	int status;

	/* a duplicate is told by its id */
	status = g_strcmp0(id, json_str(event, "id", NULL)) ? 400 : 0;
	pthread_mutex_lock(&fix->mtx);
	if (!status)
		status = judge(fix, event);
	pthread_mutex_unlock(&fix->mtx);
	(void)hpeer_answer(conn, status, NULL, "");
	json_decref(event);
	g_free(id);
}

static int setup(void **state)
{
	struct fix *fix = g_new0(struct fix, 1);
	const struct hpeer_params prm = {.handler = on_request, .arg = fix};
	struct hook_endpoint ep = {.events = "[\"*\"]"};

	pthread_mutex_init(&fix->mtx, NULL);
	fix->fails =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fix->came =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fix->taken = g_ptr_array_new_with_free_func(g_free);
	fix->id = g_malloc(ID_SIZE);
	hook_rig_open(&fix->rig);
	fix->peer = hpeer_open(&prm);
	fix->url = hpeer_url(fix->peer, "/");
	ep.url = fix->url;
	hook_rig_endpoint(&fix->rig, &ep, fix->id);
	*state = fix;

	return 0;
}

static int teardown(void **state)
{
	struct fix *fix = *state;

	if (fix->pid)
		kill_it(fix);
	hook_rig_close(&fix->rig);
	hpeer_close(fix->peer);
	g_hash_table_destroy(fix->fails);
	g_hash_table_destroy(fix->came);
	g_ptr_array_free(fix->taken, TRUE);
	pthread_mutex_destroy(&fix->mtx);
	g_free(fix->url);
	g_free(fix->id);
	g_free(fix);

	return 0;
}

static void refuse_one_in(struct fix *fix, unsigned n)
{
	pthread_mutex_lock(&fix->mtx);
	fix->refuse_one_in = n;
	pthread_mutex_unlock(&fix->mtx);
}

static void say_gone_at(struct fix *fix, unsigned nth)
{
	pthread_mutex_lock(&fix->mtx);
	fix->gone_at = nth;
	pthread_mutex_unlock(&fix->mtx);
}

static unsigned requests(struct fix *fix)
{
	unsigned n;

	pthread_mutex_lock(&fix->mtx);
	n = fix->requests;
	pthread_mutex_unlock(&fix->mtx);

	return n;
}

static unsigned events_came(struct fix *fix)
{
	unsigned n;

	pthread_mutex_lock(&fix->mtx);
	n = g_hash_table_size(fix->came);
	pthread_mutex_unlock(&fix->mtx);

	return n;
}

static void tell(struct fix *fix, unsigned calls, unsigned from, unsigned to)
{
	unsigned call;

	hook_rig_sql(&fix->rig, "BEGIN IMMEDIATE");
	for (; from <= to; ++from)
		for (call = 0; call < calls; ++call) {
			char name[16];

			(void)g_snprintf(name, sizeof(name), "c%u", call);
			hook_rig_tell(&fix->rig, "call.ended", name, from);
		}
	hook_rig_sql(&fix->rig, "COMMIT");
}

/** Jump to the next attempt whenever nothing is due. @return Is all over? */
static bool move_on(struct fix *fix)
{
	const int64_t now_ms = clock_wall_ms(&fix->rig.clock);
	const int64_t next_ms =
		hook_rig_number(&fix->rig, "SELECT coalesce(min(next_at), 0)"
					   " FROM delivery WHERE status ="
					   " 'pending'");

	if (next_ms > now_ms)
		hook_rig_advance(&fix->rig, next_ms - now_ms + 6000);

	return !next_ms &&
	       hook_rig_number(&fix->rig, "SELECT value = (SELECT max(row)"
					  " FROM event) FROM meta WHERE key ="
					  " 'webhook_cursor'") == 1;
}

static void let_all_arrive(struct fix *fix, unsigned n)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	unsigned turns = 0;

	/* it is over when the store says so: each turn looks */
	while (!move_on(fix) || events_came(fix) < n) {
		assert_true(++turns < 10000);
		(void)nanosleep(&nap, NULL);
	}
	assert_int_equal(events_came(fix), n);
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT count(*) FROM delivery WHERE"
					 " status <> 'delivered'"),
			 0);
	assert_int_equal(hook_rig_number(&fix->rig,
					 "SELECT count(*) = count("
					 "DISTINCT event_id) AND"
					 " count(*) = %u"
					 " FROM delivery",
					 n),
			 1);
}

/* One that came after a later one of its call had been refused twice at least:
 * the first time it is tried again within the minute that the others wait
 */
static void expect_order(struct fix *fix)
{
	GHashTable *newest =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	unsigned i, late = 0;

	for (i = 0; i < fix->taken->len; ++i) {
		char **part = g_strsplit(fix->taken->pdata[i], " ", 3);
		const unsigned seq = (unsigned)strtol(part[1], NULL, 10);

		if (seq < count_of(newest, part[0])) {
			++late;
			if (strtol(part[2], NULL, 10) < 2)
				fail_msg("%s: %s came late, refused %s times",
					 part[0], part[1], part[2]);
		} else {
			g_hash_table_replace(newest, g_strdup(part[0]),
					     GUINT_TO_POINTER(seq));
		}
		g_strfreev(part);
	}
	print_message("# %u of %u came after a later one\n", late,
		      fix->taken->len);
	g_hash_table_destroy(newest);
}

static void kill_at(struct fix *fix, enum courier_step step, unsigned nth)
{
	enum {
		CALLS = 3,
		EVENTS = 5
	};
	const struct timespec nap = {.tv_nsec = 2000000};
	unsigned last = EVENTS;

	tell(fix, CALLS, 1, EVENTS);
	start(fix, (int)step, nth);
	/* some steps are taken once for many events: give it more */
	while (is_alive(fix)) {
		++last;
		tell(fix, CALLS, last, last);
		(void)move_on(fix);
		(void)nanosleep(&nap, NULL);
	}
	expect_end(fix, true);

	start(fix, NO_STEP, 0);
	let_all_arrive(fix, CALLS * last);
	stop(fix);
	expect_order(fix);
}

static void test_killed_at_every_step(void **state)
{
	static const unsigned times[] = {1, 2, 7};
	int step;
	size_t i;

	(void)state;
	for (step = 0; step < COURIER_NSTEPS; ++step)
		for (i = 0; i < G_N_ELEMENTS(times); ++i) {
			void *fix = NULL;

			assert_int_equal(setup(&fix), 0);
			refuse_one_in(fix, 4);
			kill_at(fix, (enum courier_step)step, times[i]);
			assert_int_equal(teardown(&fix), 0);
		}
}

/* Disabled or not: never half of it */
static void test_killed_while_it_disables_an_endpoint(void **state)
{
	static const enum courier_step steps[] = {
		COURIER_ANSWERED, COURIER_RECORDING, COURIER_RECORDED};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(steps); ++i) {
		struct fix *fix = NULL;

		assert_int_equal(setup((void **)&fix), 0);
		say_gone_at(fix, 1);
		tell(fix, 1, 1, 5);
		start(fix, (int)steps[i], 1);
		expect_end(fix, true);
		assert_int_equal(
			hook_rig_number(&fix->rig,
					"SELECT enabled + (SELECT count(*)"
					" FROM event WHERE type ="
					" 'webhook.disabled') FROM webhook"),
			1);

		say_gone_at(fix, 2); /* it would say so again */
		start(fix, NO_STEP, 0);
		hook_rig_wait(&fix->rig, 4,
			      "SELECT count(*) FROM delivery WHERE status ="
			      " 'canceled'");
		stop(fix);
		assert_int_equal(
			hook_rig_number(&fix->rig,
					"SELECT count(*) FROM event WHERE"
					" type = 'webhook.disabled'"),
			1);
		assert_int_equal(teardown((void **)&fix), 0);
	}
}

static void test_10000_events_a_third_refused_three_kills(void **state)
{
	enum {
		CALLS = 500,
		EVENTS = 20, /* of each */
		PARTS = 4
	};
	const struct timespec nap = {.tv_nsec = 1000000};
	struct fix *fix = *state;
	unsigned part, until;

	refuse_one_in(fix, 3);
	for (part = 0; part < PARTS; ++part) {
		start(fix, NO_STEP, 0);
		tell(fix, CALLS, part * EVENTS / PARTS + 1,
		     (part + 1) * EVENTS / PARTS);
		/* killed in the middle of it */
		until = requests(fix) + 1000 + 300 * part;
		while (part < PARTS - 1 && requests(fix) < until) {
			(void)move_on(fix);
			(void)nanosleep(&nap, NULL);
		}
		if (part < PARTS - 1)
			kill_it(fix);
	}
	let_all_arrive(fix, CALLS * EVENTS);
	stop(fix);
	expect_order(fix);
	print_message("# %u requests\n", requests(fix));
}

/* A stop is no crash: what is on the way is given a moment, nothing twice */
static void test_a_stop_sends_nothing_twice(void **state)
{
	enum {
		CALLS = 20,
		EVENTS = 50
	};
	const struct timespec nap = {.tv_nsec = 1000000};
	struct fix *fix = *state;
	unsigned until = 0;

	tell(fix, CALLS, 1, EVENTS);
	while (until < 600) {
		until += 200;
		start(fix, NO_STEP, 0);
		while (requests(fix) < until)
			(void)nanosleep(&nap, NULL);
		stop(fix);
	}
	start(fix, NO_STEP, 0);
	let_all_arrive(fix, CALLS * EVENTS);
	stop(fix);
	assert_int_equal(requests(fix), CALLS * EVENTS);
	expect_order(fix);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_at_every_step),
		cmocka_unit_test(test_killed_while_it_disables_an_endpoint),
		cmocka_unit_test_setup_teardown(
			test_10000_events_a_third_refused_three_kills, setup,
			teardown),
		cmocka_unit_test_setup_teardown(test_a_stop_sends_nothing_twice,
						setup, teardown),
	};

	if (argc == 5 && strcmp(argv[1], "--courier") == 0)
		return be_courier(argv);

	return cmocka_run_group_tests(tests, NULL, NULL);
}
