/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which ways lead to a destination, and which destinations are none */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/sip_rig.h"

static struct srig rig;
static struct leg_route routes[LEG_ROUTES_MAX];
static unsigned nroutes;
static const char *code;

static int open_all(void **state)
{
	srig_open(&rig, &(struct srig_params){.seed = 7});

	return 0;
}

static int close_all(void **state)
{
	srig_close(&rig);

	return 0;
}

static int ask(const char *type, const char *target, const char *trunk_id)
{
	const struct leg_dial dial = {
		.type = type,
		.target = target,
		.trunk_id = trunk_id,
		.source_type = "tel",
		.source = "+4520123456",
	};

	nroutes = 0;
	code = NULL;

	return srig_routes(&rig, &dial, routes, &nroutes, &code);
}

static void test_hosts_in_order(void **state)
{
	srig_trunk(&rig, "'hosts':["
			 "{'host':'192.0.2.3','priority':20},"
			 "{'host':'sip.example.com','port':5070,'priority':10,"
			 "'transport':'tcp'},"
			 "{'host':'tls.example.com','transport':'tls'},"
			 "{'host':'2001:db8::1','priority':30}]");
	assert_int_equal(ask("tel", "+4533445566", SRIG_TRUNK), 0);
	assert_int_equal(nroutes, 3);
	assert_string_equal(routes[0].host, "sip.example.com:5070");
	assert_string_equal(routes[1].host, "192.0.2.3");
	assert_string_equal(routes[2].host, "[2001:db8::1]");
	assert_true(routes[0].order < routes[1].order);
	assert_true(routes[1].order < routes[2].order);
	assert_int_equal(routes[0].give_up_ms, 4000);
	assert_string_equal(routes[0].trunk_id, SRIG_TRUNK);
	/* a URI through a trunk: its user at the trunk's hosts */
	assert_int_equal(ask("sip", "sip:bob@example.com", SRIG_TRUNK), 0);
	assert_int_equal(nroutes, 3);
}

/* Chance in proportion: of 400 first places the heavy one has most, and the
 * one without weight none */
static void test_weights(void **state)
{
	unsigned heavy = 0, light = 0, i;

	srig_trunk(&rig, "'hosts':["
			 "{'host':'192.0.2.1','weight':1},"
			 "{'host':'192.0.2.2','weight':9},"
			 "{'host':'192.0.2.3','weight':0}]");
	for (i = 0; i < 400; ++i) {
		assert_int_equal(ask("tel", "+4533445566", SRIG_TRUNK), 0);
		assert_int_equal(nroutes, 3);
		heavy += !strcmp(routes[0].host, "192.0.2.2");
		light += !strcmp(routes[0].host, "192.0.2.1");
	}
	assert_int_equal(heavy + light, 400);
	assert_in_range(heavy, 330, 390);
}

static void test_no_way(void **state)
{
	assert_int_equal(ask("tel", "+4533445566", NULL), ENOENT);
	assert_string_equal(code, "no_route");
	assert_int_equal(ask("extension", "1001@acme.test", NULL), ENOENT);
	assert_int_equal(ask("tel", "+4533445566",
			     "01900000-0000-7000-8000-00000000dead"),
			 ENOENT);
	assert_string_equal(code, "no_route");
	/* the trunk has no hosts */
	assert_int_equal(ask("tel", "+4533445566", SRIG_TRUNK), ENOENT);
	assert_string_equal(code, "trunk_down");
	srig_trunk(&rig, "'hosts':[{'host':'x.test','transport':'tls'}]");
	assert_int_equal(ask("tel", "+4533445566", SRIG_TRUNK), ENOENT);
	assert_string_equal(code, "trunk_down");
	assert_int_equal(nroutes, 0);
}

static void test_another_accounts_trunk(void **state)
{
	srig_apply(&rig, DIR_TRUNK,
		   "{'id':'01900000-0000-7000-8000-00000000000a',"
		   "'account_id':'01900000-0000-7000-8000-00000000000b',"
		   "'name':'other','hosts':[{'host':'192.0.2.1'}]}");
	assert_int_equal(ask("tel", "+4533445566",
			     "01900000-0000-7000-8000-00000000000a"),
			 ENOENT);
	assert_string_equal(code, "no_route");
}

static void test_uris(void **state)
{
	char self[64];

	assert_int_equal(ask("sip", "sip:bob@example.com:5080", NULL), 0);
	assert_int_equal(nroutes, 1);
	assert_string_equal(routes[0].host, "example.com:5080");
	assert_string_equal(routes[0].trunk_id, "");

	snprintf(self, sizeof(self), "sip:x@127.0.0.1:%u", rig.port);
	assert_int_equal(ask("sip", self, NULL), EINVAL);
	assert_string_equal(code, "no_route");
	snprintf(self, sizeof(self), "sip:x@localhost:%u", rig.port);
	assert_int_equal(ask("sip", self, NULL), EINVAL);
	assert_int_equal(ask("sip", "sip:x@y;maddr=10.0.0.1", NULL), EINVAL);
	assert_int_equal(ask("sip", "", NULL), EINVAL);
	assert_int_equal(ask("tel", "bob", SRIG_TRUNK), EINVAL);

	/* nor by a trunk that has us for a host */
	snprintf(self, sizeof(self), "'hosts':[{'host':'127.0.0.1','port':%u}]",
		 rig.port);
	srig_trunk(&rig, self);
	assert_int_equal(ask("tel", "+4533445566", SRIG_TRUNK), ENOENT);
	assert_string_equal(code, "trunk_down");
}

/* The list is shared with others, and has an end */
static void test_full_list(void **state)
{
	const struct leg_dial dial = {
		.type = "tel",
		.target = "+4533445566",
		.trunk_id = SRIG_TRUNK,
		.source_type = "tel",
		.source = "",
	};
	unsigned n = LEG_ROUTES_MAX - 1;

	srig_trunk(&rig, "'hosts':[{'host':'192.0.2.1'},{'host':'192.0.2.2'}]");
	assert_int_equal(srig_routes(&rig, &dial, routes, &n, &code), 0);
	assert_int_equal(n, LEG_ROUTES_MAX);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_hosts_in_order), TEST(test_weights),
		TEST(test_no_way),         TEST(test_another_accounts_trunk),
		TEST(test_uris),           TEST(test_full_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
