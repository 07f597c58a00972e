/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The first start, later starts, and many clients at once */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <ifaddrs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "common/json.h"
#include "common/str.h"
#include "host/log.h"
#include "store/backend.h"
#include "support/api_rig.h"

static struct api_rig rig;
static unsigned rig_key_errors;

static int setup(void **state)
{
	memset(&rig, 0, sizeof(rig));
	api_rig_open(&rig);

	return 0;
}

static int teardown(void **state)
{
	api_rig_close(&rig);

	return 0;
}

static int64_t keys(void)
{
	return api_rig_count(&rig, "SELECT count(*) FROM access_key");
}

static void test_the_first_start_makes_an_account_and_a_key(void **state)
{
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM account"
					     " WHERE name = 'default'"),
			 1);
	assert_int_equal(keys(), 1);
	assert_int_equal(api_rig_count(&rig,
				       "SELECT count(*) FROM access_key"
				       " WHERE doc LIKE '%" API_RIG_KEY "%'"),
			 0);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM flow"), 0);
}

static void test_later_starts_add_only_a_new_key(void **state)
{
	api_rig_restart(&rig);
	assert_int_equal(keys(), 1);
	assert_int_equal(api_bootstrap(rig.api, API_RIG_KEY, true), 0);
	assert_int_equal(keys(), 1);
	assert_int_equal(api_bootstrap(rig.api, NULL, true), 0);
	assert_int_equal(api_bootstrap(rig.api, "", true), 0);
	assert_int_equal(keys(), 1);
	assert_int_equal(api_bootstrap(rig.api, "bfk_another", true), 0);
	assert_int_equal(keys(), 2);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM flow"), 0);
	assert_int_equal(api_rig_count(&rig, "SELECT count(*) FROM account"),
			 1);
}

static void count_key_errors(enum log_level level, const char *line)
{
	if (level == LOG_AT_ERROR && strstr(line, "does not open the secrets"))
		++rig_key_errors;
}

static void test_another_key_file_is_told_of(void **state)
{
	log_set_sink(count_key_errors);
	assert_int_equal(api_bootstrap(rig.api, NULL, false), 0);
	assert_int_equal(rig_key_errors, 0);
	rig.key[0] ^= 1;
	assert_int_equal(api_bootstrap(rig.api, NULL, false), 0);
	assert_int_equal(rig_key_errors, 1);
	rig.key[0] ^= 1;
	log_set_sink(NULL);
}

static atomic_bool is_full;

static int full_or_not(void *conn, char why[STORE_WHY_SIZE])
{
	if (!is_full)
		return store_sqlite.commit(conn, why);

	str_copy(why, STORE_WHY_SIZE, "database or disk is full");

	return ENOSPC;
}

static json_t *ask_for_flow(void)
{
	return api_rig_ask(
		&rig, &(struct api_ask){
			      .verb = "flows.create",
			      .body = json_pack("{s:s, s:[{s:s}]}", "name", "x",
						"actions", "type", "answer")});
}

static void test_a_full_disk_is_told(void **state)
{
	static struct store_backend backend; /* the store keeps it */

	api_rig_close(&rig);
	backend = store_sqlite;
	backend.commit = full_or_not;
	rig.backend = &backend;
	api_rig_open(&rig);

	is_full = true;
	assert_string_equal(api_rig_code(ask_for_flow()), "disk_full");
	is_full = false;
	assert_string_equal(api_rig_code(ask_for_flow()), "");
	rig.backend = NULL;
}

struct demo {
	bool number, trunk, flow;
	size_t addresses, strange; /**< own ones; those that are on no trunk */
};

static bool is_let_in(const struct sockaddr *sa)
{
	const struct dir_trunk *trunk;

	return directory_trunks_by_source(rig.directory, sa, &trunk, 1) == 1;
}

static void look(void *arg) /* Thread: loop */
{
	const struct sockaddr_in sin = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct demo *demo = arg;
	const struct dir_number *number =
		directory_number(rig.directory, "demo", NULL);
	struct ifaddrs *all, *ifa;

	demo->number = number;
	demo->flow = number && directory_flow(rig.directory, number->flow_id);
	demo->trunk = is_let_in((const struct sockaddr *)&sin);

	assert_int_equal(getifaddrs(&all), 0);
	for (ifa = all; ifa; ifa = ifa->ifa_next) {
		if (!ifa->ifa_addr || ifa->ifa_addr->sa_family != AF_INET)
			continue;
		++demo->addresses;
		demo->strange += !is_let_in(ifa->ifa_addr);
	}
	freeifaddrs(all);
}

static int commit_slowly(void *conn, char why[STORE_WHY_SIZE])
{
	const struct timespec disk = {.tv_nsec = 20 * 1000000};

	(void)nanosleep(&disk, NULL);

	return store_sqlite.commit(conn, why);
}

/* Whatever the disk: what a client would not wait for, the start does */
static void test_the_demo_can_be_called_at_once(void **state)
{
	static struct store_backend backend;
	struct demo demo = {.flow = false};

	api_rig_close(&rig);
	backend = store_sqlite;
	backend.commit = commit_slowly;
	rig.backend = &backend;
	rig.deadline_ms = 1;
	rig.demo = true;
	api_rig_open(&rig);
	api_rig_on_loop(&rig, look, &demo);
	assert_true(demo.number);
	assert_true(demo.flow);
	assert_true(demo.trunk);
	/* a phone calls from any address of this machine */
	assert_true(demo.addresses > 0);
	assert_int_equal(demo.strange, 0);
	rig.demo = false;
	rig.deadline_ms = 0;
	rig.backend = NULL;
}

/* ---- many at once ---- */

enum {
	THREADS = 4,
	ROUNDS = 25
};

struct worker {
	pthread_t thread;
	unsigned index;
	const char *flow_id;
	unsigned done, conflicts, exists;
};

static void *patch_often(void *arg)
{
	struct worker *worker = arg;
	struct api_ask ask = {.verb = "flows.patch", .id = worker->flow_id};
	char text[32];
	const char *code;
	unsigned i;

	for (i = 0; i < ROUNDS; ++i) {
		g_snprintf(text, sizeof(text), "%u.%u", worker->index, i);
		ask.body = json_pack("{s:s}",
				     worker->index % 2 ? "name" : "description",
				     text);
		code = api_rig_code(api_rig_ask(&rig, &ask));
		if (!strcmp(code, ""))
			++worker->done;
		else if (!strcmp(code, "conflict"))
			++worker->conflicts;
	}

	return NULL;
}

static void *take_numbers(void *arg)
{
	struct worker *worker = arg;
	struct api_ask ask = {.verb = "numbers.create"};
	char text[32];
	const char *code;
	unsigned i;

	for (i = 0; i < ROUNDS; ++i) {
		g_snprintf(text, sizeof(text), "n%u", i);
		ask.body = json_pack("{s:s, s:s}", "number", text, "flow_id",
				     worker->flow_id);
		code = api_rig_code(api_rig_ask(&rig, &ask));
		if (!strcmp(code, ""))
			++worker->done;
		else if (!strcmp(code, "already_exists"))
			++worker->exists;
	}

	return NULL;
}

static void run(struct worker workers[THREADS], void *(*fn)(void *arg),
		const char *flow_id)
{
	unsigned i;

	for (i = 0; i < THREADS; ++i) {
		workers[i] = (struct worker){.index = i, .flow_id = flow_id};
		pthread_create(&workers[i].thread, NULL, fn, &workers[i]);
	}
	for (i = 0; i < THREADS; ++i)
		pthread_join(workers[i].thread, NULL);
}

static char *make_flow(void)
{
	json_t *flow =
		api_rig_make(&rig, "flows.create", NULL,
			     json_pack("{s:s, s:[]}", "name", "x", "actions"));
	char *id = g_strdup(json_str(flow, "id", ""));

	json_decref(flow);

	return id;
}

static void test_no_patch_is_lost(void **state)
{
	struct worker workers[THREADS];
	char *id = make_flow();
	const struct api_ask get = {.verb = "flows.get", .id = id};
	unsigned i;
	json_t *doc;

	run(workers, patch_often, id);
	for (i = 0; i < THREADS; ++i)
		assert_int_equal(workers[i].done + workers[i].conflicts,
				 ROUNDS);

	/* neither of the two members was put back by the other's patches */
	doc = api_rig_ok(api_rig_ask(&rig, &get));
	assert_non_null(strchr(json_str(doc, "name", ""), '.'));
	assert_true(json_str(doc, "name", "")[0] % 2 == 1);
	assert_true(json_str(doc, "description", "")[0] % 2 == 0);
	json_decref(doc);
	g_free(id);
}

enum {
	PATCHERS = 16
};

static void *patch_once(void *arg)
{
	struct worker *worker = arg;
	struct api_ask ask = {.verb = "flows.patch", .id = worker->flow_id};
	char text[32];

	g_snprintf(text, sizeof(text), "%u", worker->index);
	ask.body = json_pack("{s:s}", "description", text);
	worker->done = !strcmp(api_rig_code(api_rig_ask(&rig, &ask)), "");

	return NULL;
}

/* each is overtaken by the fifteen others at the most */
static void test_sixteen_patch_at_once(void **state)
{
	struct worker workers[PATCHERS];
	char *id = make_flow();
	unsigned i, round, done = 0;

	for (round = 0; round < 5; ++round) {
		for (i = 0; i < PATCHERS; ++i) {
			workers[i] = (struct worker){.index = i, .flow_id = id};
			pthread_create(&workers[i].thread, NULL, patch_once,
				       &workers[i]);
		}
		for (i = 0; i < PATCHERS; ++i) {
			pthread_join(workers[i].thread, NULL);
			done += workers[i].done;
		}
	}
	assert_int_equal(done, 5 * PATCHERS);
	g_free(id);
}

static void test_a_number_goes_to_one(void **state)
{
	struct worker workers[THREADS];
	char *id = make_flow();
	unsigned i, done = 0, exists = 0;

	run(workers, take_numbers, id);
	for (i = 0; i < THREADS; ++i) {
		done += workers[i].done;
		exists += workers[i].exists;
	}
	assert_int_equal(done, ROUNDS);
	assert_int_equal(exists, (THREADS - 1) * ROUNDS);
	g_free(id);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_the_first_start_makes_an_account_and_a_key),
		TEST(test_later_starts_add_only_a_new_key),
		TEST(test_a_full_disk_is_told),
		TEST(test_another_key_file_is_told_of),
		TEST(test_the_demo_can_be_called_at_once),
		TEST(test_no_patch_is_lost),
		TEST(test_sixteen_patch_at_once),
		TEST(test_a_number_goes_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
