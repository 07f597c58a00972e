/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/opt.h"

static const char *const colours[] = {"red", "green", "blue", NULL};

static const struct opt host_opts[] = {
	{.name = "host",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .check = opt_check_host},
	{.name = "port",
	 .type = OPT_INT,
	 .min = 1,
	 .max = 65535,
	 .def = "5060"},
	OPT_END,
};
static const struct opt host_item = {.type = OPT_OBJECT, .sub = host_opts};
static const struct opt tag_item = {.type = OPT_STRING, .min = 1, .max = 4};

static const struct opt deep_opts[] = {
	{.name = "a", .type = OPT_INT, .def = "1"},
	{.name = "b", .type = OPT_STRING},
	OPT_END,
};

static const struct opt opts[] = {
	{.name = "name",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 8},
	{.name = "colour",
	 .alias = "color",
	 .type = OPT_STRING,
	 .values = colours,
	 .def = "\"red\""},
	{.name = "count", .type = OPT_INT, .min = -1, .max = 10},
	{.name = "big", .type = OPT_INT, .min = 5},
	{.name = "ratio", .type = OPT_NUM, .max = 2},
	{.name = "on", .type = OPT_BOOL, .def = "false"},
	{.name = "flow_id", .type = OPT_ID, .flags = OPT_NULLABLE},
	{.name = "until", .type = OPT_TIME},
	{.name = "hosts", .type = OPT_ARRAY, .max = 2, .sub = &host_item},
	{.name = "tags", .type = OPT_ARRAY, .max = 3, .sub = &tag_item},
	{.name = "vars", .type = OPT_MAP, .max = 2},
	{.name = "deep", .type = OPT_OBJECT, .sub = deep_opts, .def = "{}"},
	{.name = "any", .type = OPT_ANY},
	{.name = "number", .type = OPT_STRING, .check = opt_check_e164},
	{.name = "made", .type = OPT_TIME, .flags = OPT_READ},
	{.name = "password", .type = OPT_STRING, .flags = OPT_WRITE},
	{.name = "kind", .type = OPT_STRING, .flags = OPT_CREATE},
	{.name = "limit", .type = OPT_INT, .flags = OPT_PLATFORM, .def = "9"},
	OPT_END,
};

static json_t *parse(const char *text)
{
	json_t *j = NULL;
	char why[200] = "";

	if (json_parse(&j, text, strlen(text), why, sizeof(why)))
		fail_msg("%s: %s", text, why);

	return j;
}

static void passes(enum opt_mode mode, bool platform, const char *text,
		   const char *want)
{
	struct opt_faults faults = {0};
	json_t *in = parse(text), *out = NULL;
	char *got, *after;

	if (opt_check(&out, opts, in, mode, platform, "", &faults)) {
		got = json_text(faults.list);
		fail_msg("%s: %s", text, got);
	}
	assert_null(faults.list);
	assert_int_equal(opt_check(NULL, opts, in, mode, platform, "", NULL),
			 0);
	got = json_text(out);
	assert_string_equal(got, want);
	after = json_text(in);
	assert_string_equal(after, text); /* input is not changed */
	free(after);
	free(got);
	json_decref(out);
	json_decref(in);
}

/* faults: "pointer: message" each, in this order */
static void fails(enum opt_mode mode, const char *text, const char *want)
{
	struct opt_faults faults = {0};
	json_t *in = parse(text), *out = NULL, *fault;
	GString *got = g_string_new(NULL);
	size_t i;

	assert_int_equal(opt_check(&out, opts, in, mode, false, "", &faults),
			 EINVAL);
	assert_null(out);
	json_array_foreach(faults.list, i, fault) g_string_append_printf(
		got, "%s%s: %s", i ? "; " : "", json_str(fault, "pointer", "?"),
		json_str(fault, "message", "?"));
	if (strcmp(got->str, want) != 0)
		fail_msg("%s:\ngot  %s\nwant %s", text, got->str, want);
	g_string_free(got, TRUE);
	json_decref(faults.list);
	json_decref(in);
}

#define DEFAULTS_OF(extra)                                                     \
	"{\"name\":\"n\",\"colour\":\"red\",\"on\":false," extra               \
	"\"deep\":{\"a\":1},\"limit\":9}"

static void test_fills_in_defaults_in_table_order(void **state)
{
	passes(OPT_MODE_CREATE, false, "{\"name\":\"n\"}", DEFAULTS_OF(""));
	passes(OPT_MODE_CREATE, true,
	       "{\"limit\":3,\"on\":true,\"color\":\"blue\",\"name\":\"n\"}",
	       "{\"name\":\"n\",\"colour\":\"blue\",\"on\":true,"
	       "\"deep\":{\"a\":1},\"limit\":3}");
	passes(OPT_MODE_CREATE, false,
	       "{\"name\":\"n\",\"hosts\":[{\"host\":\"a.dk\"}]}",
	       DEFAULTS_OF("\"hosts\":[{\"host\":\"a.dk\",\"port\":5060}],"));
}

static void test_takes_every_type(void **state)
{
	passes(OPT_MODE_CREATE, false,
	       "{\"name\":\"n\",\"flow_id\":null,"
	       "\"until\":\"2026-01-02T03:04:05+01:00\","
	       "\"tags\":[\"a\",\"b\"],\"vars\":{\"a.b\":\"c\"},"
	       "\"any\":[1,{\"x\":null}],\"password\":\"p\"}",
	       "{\"name\":\"n\",\"colour\":\"red\",\"on\":false,"
	       "\"flow_id\":null,"
	       "\"until\":\"2026-01-02T02:04:05.000Z\","
	       "\"tags\":[\"a\",\"b\"],\"vars\":{\"a.b\":\"c\"},"
	       "\"deep\":{\"a\":1},\"any\":[1,{\"x\":null}],"
	       "\"password\":\"p\",\"limit\":9}");
	passes(OPT_MODE_CREATE, false, "{\"name\":\"n\",\"ratio\":1}",
	       "{\"name\":\"n\",\"colour\":\"red\",\"ratio\":1,"
	       "\"on\":false,\"deep\":{\"a\":1},\"limit\":9}");
	passes(OPT_MODE_PATCH, false, "{\"ratio\":1.5,\"big\":5}",
	       "{\"big\":5,\"ratio\":1.5}");
}

static void test_gathers_all_faults(void **state)
{
	fails(OPT_MODE_CREATE,
	      "{\"colour\":\"pink\",\"count\":11,\"extra\":1,\"on\":0}",
	      "/extra: unknown field; /name: is required; "
	      "/colour: must be one of red, green, blue; "
	      "/count: must be from -1 to 10; /on: must be true or false");
}

static void test_says_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"[]", ": must be an object"},
		{"{\"name\":\"\"}", "/name: must not be empty"},
		{"{\"name\":\"123456789\"}", "/name: must be at most 8 bytes"},
		{"{\"name\":5}", "/name: must be a string"},
		{"{\"name\":null}", "/name: is required and cannot be removed"},
		{"{\"count\":\"5\"}", "/count: must be an integer"},
		{"{\"count\":1.0}", "/count: must be an integer"},
		{"{\"count\":-2}", "/count: must be from -1 to 10"},
		{"{\"big\":4}", "/big: must be 5 or more"},
		{"{\"ratio\":true}", "/ratio: must be a number"},
		{"{\"ratio\":2.01}", "/ratio: must be from 0 to 2"},
		{"{\"ratio\":3}", "/ratio: must be from 0 to 2"},
		{"{\"flow_id\":\"x\"}",
		 "/flow_id: must be an id (a UUID in lower case)"},
		{"{\"until\":\"now\"}",
		 "/until: must be a time such as \"2026-11-23T15:04:05Z\" "
		 "(RFC 3339)"},
		{"{\"hosts\":{}}", "/hosts: must be an array"},
		{"{\"hosts\":[1,2,3]}", "/hosts: must have at most 2 items"},
		{"{\"hosts\":[{\"port\":0},7]}",
		 "/hosts/0/host: is required; "
		 "/hosts/0/port: must be from 1 to 65535; "
		 "/hosts/1: must be an object"},
		{"{\"tags\":[\"a\",\"\",null]}",
		 "/tags/1: must not be empty; /tags/2: must be a string"},
		{"{\"vars\":[]}", "/vars: must be an object"},
		{"{\"vars\":{\"a\":1}}", "/vars/a: must be a string"},
		{"{\"vars\":{\"\":\"x\"}}",
		 "/vars/: the name must be printable text"},
		{"{\"vars\":{\"a\":\"\",\"b\":\"\",\"c\":\"\"}}",
		 "/vars: must have at most 2 members"},
		{"{\"deep\":{\"a\":\"x\",\"~/\":1}}",
		 "/deep/~0~1: unknown field; /deep/a: must be an integer"},
		{"{\"number\":\"20123456\"}",
		 "/number: must be a number such as \"+4520123456\" (E.164)"},
		{"{\"made\":\"2026-01-01T00:00:00Z\"}", "/made: read-only"},
		{"{\"kind\":\"x\"}", "/kind: can only be set at creation"},
		{"{\"limit\":1}", "/limit: only the platform may set this"},
		{"{\"colour\":\"red\",\"color\":\"red\"}",
		 "/color: given twice, also as \"colour\""},
	};
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(rows); ++i)
		fails(OPT_MODE_PATCH, rows[i].text, rows[i].want);
}

static void test_names_the_nearest(void **state)
{
	fails(OPT_MODE_PATCH, "{\"nmae\":1}", "/nmae: unknown field");
	fails(OPT_MODE_PATCH, "{\"nam\":1}",
	      "/nam: unknown field; did you mean \"name\"?");
	fails(OPT_MODE_PATCH, "{\"flowid\":1}",
	      "/flowid: unknown field; did you mean \"flow_id\"?");
	fails(OPT_MODE_PATCH, "{\"colors\":1}",
	      "/colors: unknown field; did you mean \"colour\"?");
	/* what only replies hold is not proposed */
	fails(OPT_MODE_PATCH, "{\"mad\":1}", "/mad: unknown field");
}

static void test_patch(void **state)
{
	passes(OPT_MODE_PATCH, false, "{}", "{}");
	passes(OPT_MODE_PATCH, false,
	       "{\"count\":null,\"deep\":{\"b\":null},"
	       "\"vars\":{\"a\":null},\"flow_id\":null}",
	       "{\"count\":null,\"flow_id\":null,\"vars\":{\"a\":null},"
	       "\"deep\":{\"b\":null}}");
	/* an array is replaced whole: its items are complete */
	passes(OPT_MODE_PATCH, false, "{\"hosts\":[{\"host\":\"a.dk\"}]}",
	       "{\"hosts\":[{\"host\":\"a.dk\",\"port\":5060}]}");
}

static void test_null_is_no_value(void **state)
{
	fails(OPT_MODE_CREATE, "{\"name\":null,\"count\":null,\"on\":null}",
	      "/name: must be a string; /count: must be an integer; "
	      "/on: must be true or false");
}

static void test_flow_takes_expressions(void **state)
{
	passes(OPT_MODE_FLOW, false,
	       "{\"name\":\"${call.id}\",\"colour\":\"${c:-red}\","
	       "\"count\":\"${n|url}\",\"on\":\"${x_y-z}\","
	       "\"deep\":{\"a\":\"${a}\"}}",
	       "{\"name\":\"${call.id}\",\"colour\":\"${c:-red}\","
	       "\"count\":\"${n|url}\",\"on\":\"${x_y-z}\","
	       "\"deep\":{\"a\":\"${a}\"},\"limit\":9}");
	/* text around an expression is known when the action runs */
	passes(OPT_MODE_FLOW, false,
	       "{\"name\":\"hello ${name}, welcome\",\"number\":\"+45${n}\"}",
	       "{\"name\":\"hello ${name}, welcome\",\"colour\":\"red\","
	       "\"on\":false,\"deep\":{\"a\":1},\"number\":\"+45${n}\","
	       "\"limit\":9}");
	fails(OPT_MODE_FLOW,
	      "{\"name\":\"n\",\"colour\":\"x${c}\",\"count\":\"1${n}\","
	      "\"on\":\"${}\",\"ratio\":\"${a}${b}\",\"big\":\"${a b}\"}",
	      "/colour: must be one of red, green, blue; "
	      "/count: must be an integer; /big: must be an integer; "
	      "/ratio: must be a number; /on: must be true or false");
	fails(OPT_MODE_CREATE, "{\"name\":\"n\",\"count\":\"${n}\"}",
	      "/count: must be an integer");
}

static void test_query_reads_strings(void **state)
{
	passes(OPT_MODE_QUERY, false,
	       "{\"name\":\"5\",\"count\":\"-1\",\"ratio\":\"1.5\","
	       "\"on\":\"true\",\"tags\":\"a,b\"}",
	       "{\"name\":\"5\",\"colour\":\"red\",\"count\":-1,"
	       "\"ratio\":1.5,\"on\":true,\"tags\":[\"a\",\"b\"],"
	       "\"deep\":{\"a\":1},\"limit\":9}");
	fails(OPT_MODE_QUERY,
	      "{\"name\":\"n\",\"count\":\"x\",\"ratio\":\"nan\","
	      "\"on\":\"1\",\"big\":\"99999999999999999999\","
	      "\"tags\":\"a,,b\"}",
	      "/count: must be an integer; /big: is too large a number; "
	      "/ratio: must be a number; /on: must be true or false; "
	      "/tags/1: must not be empty");
}

static void test_bounds_the_faults(void **state)
{
	struct opt_faults faults = {0};
	json_t *in = json_object();
	char name[16];
	int i;

	for (i = 0; i < 150; ++i) {
		g_snprintf(name, sizeof(name), "x%d", i);
		json_object_set_new(in, name, json_true());
	}
	assert_int_equal(opt_check(NULL, deep_opts, in, OPT_MODE_PATCH, false,
				   "", &faults),
			 EINVAL);
	assert_int_equal(json_array_size(faults.list), 100);
	assert_true(faults.more);

	/* a full list is no pass */
	assert_int_equal(opt_check(NULL, deep_opts, in, OPT_MODE_PATCH, false,
				   "", &faults),
			 EINVAL);
	json_decref(faults.list);
	json_decref(in);
}

static void test_pointers_begin_where_told(void **state)
{
	struct opt_faults faults = {0};
	json_t *in = parse("{\"a\":\"x\"}");

	opt_check(NULL, deep_opts, in, OPT_MODE_PATCH, false,
		  "/actions/3/option", &faults);
	assert_string_equal(
		json_str(json_array_get(faults.list, 0), "pointer", ""),
		"/actions/3/option/a");
	json_decref(faults.list);
	json_decref(in);
}

static void test_long_names_are_cut(void **state)
{
	struct opt_faults faults = {0};
	json_t *in = json_object();
	char *name = g_strnfill(5000, '/');
	const char *pointer;

	json_object_set_new(in, name, json_true());
	opt_check(NULL, deep_opts, in, OPT_MODE_PATCH, false, "", &faults);
	pointer = json_str(json_array_get(faults.list, 0), "pointer", "");
	assert_in_range(strlen(pointer), 900, 1023);
	json_decref(faults.list);
	json_decref(in);
	g_free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fills_in_defaults_in_table_order),
		cmocka_unit_test(test_takes_every_type),
		cmocka_unit_test(test_gathers_all_faults),
		cmocka_unit_test(test_says_what_is_wrong),
		cmocka_unit_test(test_names_the_nearest),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_null_is_no_value),
		cmocka_unit_test(test_flow_takes_expressions),
		cmocka_unit_test(test_query_reads_strings),
		cmocka_unit_test(test_bounds_the_faults),
		cmocka_unit_test(test_pointers_begin_where_told),
		cmocka_unit_test(test_long_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
