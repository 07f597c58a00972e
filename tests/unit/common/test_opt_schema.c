/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "common/opt.h"

static const char *const kinds[] = {"a", "b", NULL};

static const struct opt sub_opts[] = {
	{.name = "x", .type = OPT_INT, .flags = OPT_REQUIRED},
	{.name = "y", .type = OPT_NUM, .min = 5},
	OPT_END,
};
static const struct opt sub_item = {.type = OPT_OBJECT, .sub = sub_opts};

static const struct opt opts[] = {
	{.name = "id", .type = OPT_ID, .flags = OPT_READ | OPT_REQUIRED},
	{.name = "name",
	 .alias = "title",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 64,
	 .doc = "What | it is called."},
	{.name = "kind",
	 .type = OPT_STRING,
	 .flags = OPT_CREATE | OPT_NULLABLE,
	 .values = kinds,
	 .def = "\"a\""},
	{.name = "url", .type = OPT_STRING, .format = "uri"},
	{.name = "secret", .type = OPT_STRING, .flags = OPT_WRITE},
	{.name = "list",
	 .type = OPT_ARRAY,
	 .min = 1,
	 .max = 3,
	 .sub = &sub_item},
	{.name = "map", .type = OPT_MAP, .max = 5},
	{.name = "obj", .type = OPT_OBJECT, .sub = sub_opts},
	{.name = "any", .type = OPT_ANY},
	{.name = "either",
	 .type = OPT_ANY,
	 .flags = OPT_NULLABLE,
	 .sub = sub_opts},
	{.name = "on", .type = OPT_BOOL, .def = "true"},
	{.name = "at", .type = OPT_TIME, .flags = OPT_PLATFORM},
	OPT_END,
};

static void assert_member(const json_t *schema, const char *name,
			  const char *want)
{
	const json_t *members = json_object_get(schema, "properties");
	const json_t *member = json_object_get(members, name);
	char *text;

	if (!want) {
		assert_null(member);
		return;
	}
	text = json_text(member);
	assert_string_equal(text, want);
	free(text);
}

static void assert_key(const json_t *schema, const char *key, const char *want)
{
	char *text = json_text(json_object_get(schema, key));

	assert_string_equal(text, want);
	free(text);
}

#define SUB_PROPERTIES                                                         \
	"\"properties\":{\"x\":{\"type\":\"integer\"},"                        \
	"\"y\":{\"type\":\"number\",\"minimum\":5}}"

static void test_request(void **state)
{
	json_t *s = opt_schema(opts, false, false);

	assert_key(s, "type", "\"object\"");
	assert_key(s, "additionalProperties", "false");
	assert_key(s, "required", "null");
	assert_key(s, "allOf",
		   "[{\"anyOf\":[{\"required\":[\"name\"]},"
		   "{\"required\":[\"title\"]}]}]");
	assert_member(s, "id", NULL);
	assert_member(s, "name",
		      "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,"
		      "\"description\":\"What | it is called.\"}");
	assert_member(s, "title",
		      "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,"
		      "\"description\":\"Other name of `name`.\","
		      "\"deprecated\":true}");
	assert_member(s, "kind",
		      "{\"type\":[\"string\",\"null\"],"
		      "\"enum\":[\"a\",\"b\",null],\"default\":\"a\"}");
	assert_member(s, "url", "{\"type\":\"string\",\"format\":\"uri\"}");
	assert_member(s, "secret", "{\"type\":\"string\",\"writeOnly\":true}");
	assert_member(s, "list",
		      "{\"type\":\"array\",\"minItems\":1,\"maxItems\":3,"
		      "\"items\":{\"type\":\"object\"," SUB_PROPERTIES
		      ",\"required\":[\"x\"],"
		      "\"additionalProperties\":false}}");
	assert_member(s, "map",
		      "{\"type\":\"object\",\"additionalProperties\":"
		      "{\"type\":\"string\"},\"maxProperties\":5}");
	assert_member(s, "any", "{}");
	assert_member(s, "either",
		      "{\"anyOf\":[{\"type\":\"string\"},"
		      "{\"type\":\"object\"," SUB_PROPERTIES
		      ",\"required\":[\"x\"],"
		      "\"additionalProperties\":false},"
		      "{\"type\":\"null\"}]}");
	assert_member(s, "on", "{\"type\":\"boolean\",\"default\":true}");
	assert_member(s, "at",
		      "{\"type\":\"string\",\"format\":\"date-time\"}");
	json_decref(s);
}

static void test_reply(void **state)
{
	json_t *s = opt_schema(opts, true, false);

	assert_key(s, "required", "[\"id\",\"name\"]");
	assert_key(s, "allOf", "null");
	assert_member(s, "id",
		      "{\"type\":\"string\",\"format\":\"uuid\","
		      "\"readOnly\":true}");
	assert_member(s, "secret", NULL);
	assert_member(s, "title", NULL);
	assert_member(s, "on", "{\"type\":\"boolean\"}");
	json_decref(s);
}

static void test_patch(void **state)
{
	json_t *s = opt_schema(opts, false, true);

	assert_key(s, "required", "null");
	assert_key(s, "allOf", "null");
	assert_member(s, "kind", NULL);
	assert_member(s, "name",
		      "{\"type\":\"string\",\"minLength\":1,\"maxLength\":64,"
		      "\"description\":\"What | it is called.\"}");
	assert_member(s, "on", "{\"type\":[\"boolean\",\"null\"]}");
	/* an object is merged, the items of an array are replaced */
	assert_member(s, "obj",
		      "{\"type\":[\"object\",\"null\"],\"properties\":{\"x\":"
		      "{\"type\":\"integer\"},\"y\":{\"type\":"
		      "[\"number\",\"null\"],\"minimum\":5}},"
		      "\"additionalProperties\":false}");
	assert_member(
		s, "list",
		"{\"type\":[\"array\",\"null\"],\"minItems\":1,"
		"\"maxItems\":3,\"items\":{\"type\":\"object\"," SUB_PROPERTIES
		",\"required\":[\"x\"],"
		"\"additionalProperties\":false}}");
	json_decref(s);
}

/* A table that holds itself: actions in an action */
static const struct opt tree_opts[];
static const struct opt tree_item = {.type = OPT_OBJECT, .sub = tree_opts};
static const struct opt tree_opts[] = {
	{.name = "tree", .type = OPT_ARRAY, .sub = &tree_item},
	OPT_END,
};

static void test_recursion_ends(void **state)
{
	json_t *s = opt_schema(tree_opts, false, false);
	char *md = opt_markdown(tree_opts);
	char *text = json_text(s);

	assert_in_range(strlen(text), 100, 5000);
	assert_in_range(strlen(md), 100, 2000);
	free(text);
	g_free(md);
	json_decref(s);
}

static void test_markdown(void **state)
{
	char *md = opt_markdown(opts);

	assert_non_null(strstr(md, "| Name | Type |"));
	assert_non_null(strstr(md, "| `name` | string | yes |  | 1..64 bytes "
				   "| What \\| it is called. Also `title`. |"));
	assert_non_null(strstr(md, "| `kind` | string | no | `\"a\"` | `a`, "
				   "`b` | May be null. Only at creation. |"));
	assert_non_null(strstr(md, "| `list` | array of object | no |  | "
				   "1..3 items |"));
	assert_non_null(strstr(md, "| `list[].x` | integer | yes |"));
	assert_non_null(strstr(md, "| `obj.y` | number | no |  | from 5 |"));
	g_free(md);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_reply),
		cmocka_unit_test(test_patch),
		cmocka_unit_test(test_recursion_ends),
		cmocka_unit_test(test_markdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
