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

#include "common/address.h"
#include "common/json.h"
#include "common/str.h"

static const struct {
	const char *text, *type, *target;
} right[] = {
	{"tel:+4520123456", "tel", "+4520123456"},
	{"+4520123456", "tel", "+4520123456"},
	{"tel:+45 20-12.(34) 56", "tel", "+4520123456"},
	{"tel:112", "tel", "112"},
	{"tel:*69#", "tel", "*69#"},
	{"tel:+999000000000001", "tel", "+999000000000001"},
	{"sip:bob@example.com", "sip", "sip:bob@example.com"},
	{"sip:example.com", "sip", "sip:example.com"},
	{"sip:+4520123456@192.0.2.1:5080", "sip",
	 "sip:+4520123456@192.0.2.1:5080"},
	{"sip:b.o-b@[2001:db8::1]:5061;transport=tcp;user=phone", "sip",
	 "sip:b.o-b@[2001:db8::1]:5061;transport=tcp;user=phone"},
	{"sip:a%20b@example.com", "sip", "sip:a%20b@example.com"},
	{"extension:1001@acme.test", "extension", "1001@acme.test"},
	{"extension:An.na_1@ACME.Test", "extension", "An.na_1@acme.test"},
};

static const char *const wrong[] = {
	"",
	"tel",
	"tel:",
	"tel:+",
	"tel:1",
	"tel:20123456",
	"tel:+0123",
	"tel:+45x",
	"tel:+45\r\nX: y",
	"tel:+1234567890123456",
	"tel:+45;phone-context=x",
	"tel:(112)",
	"+",
	"20123456",
	"bob@example.com",
	"mailto:bob@example.com",
	"SIP:bob@example.com",
	"sips:bob@example.com",
	"sip:",
	"sip:@example.com",
	"sip:bob@",
	"sip:bob:secret@example.com",
	"sip:bob@example.com?Replaces=x",
	"sip:bob@example.com;maddr=10.0.0.1",
	"sip:bob@example.com;lr",
	"sip:bob@example.com;",
	"sip:bob@example.com;transport=tcp\r\n",
	"sip:bob@example.com:0",
	"sip:bob@example.com:65536",
	"sip:bob@example.com:-1",
	"sip:bob@example.com:",
	"sip:bob@2001:db8::1",
	"sip:bob@[2001:db8::1",
	"sip:bob@[2001:db8::1]x",
	"sip:bob@ex ample.com",
	"sip:b%0d%0ab@example.com",
	"sip:b%00@example.com",
	"sip:b%7f@example.com",
	"sip:b%2@example.com",
	"sip:b%@example.com",
	"sip:b<b@example.com",
	"sip:b\"b@example.com",
	"sip:a@b@example.com",
	"sip:\xc3\xa6@example.com",
	"extension:1001",
	"extension:@acme.test",
	"extension:1001@",
	"extension:10 01@acme.test",
	"extension:1001@acme.test;x=y",
	"extension:1001@[2001:db8::1]",
	"extension:a/b@acme.test",
	"conference:01890000-0000-7000-8000-000000000001",
	"agent:anna",
	"queue:support",
};

static void test_texts(void **state)
{
	struct address addr;
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(right); ++i) {
		if (address_parse(&addr, right[i].text))
			fail_msg("%s: %s", right[i].text,
				 address_parse(&addr, right[i].text));
		assert_string_equal(addr.type, right[i].type);
		assert_string_equal(addr.target, right[i].target);
		assert_string_equal(addr.name, "");
		assert_string_equal(addr.trunk_id, "");
		assert_null(address_check(right[i].text));
	}
	for (i = 0; i < G_N_ELEMENTS(wrong); ++i)
		if (!address_check(wrong[i]))
			fail_msg("taken: %s", wrong[i]);
}

static void test_long_texts_are_refused(void **state)
{
	static const char *const begins[] = {
		"tel:+",      "sip:",       "sip:bob@",
		"sip:bob@a;", "extension:", "extension:1001@"};
	char text[2048];
	size_t i, len;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(begins); ++i) {
		str_copy(text, sizeof(text), begins[i]);
		len = strlen(text);
		memset(text + len, '1', sizeof(text) - len);
		text[sizeof(text) - 1] = '\0';
		assert_non_null(address_check(text));
	}
}

static int read_text(struct address *addr, const char *text, char *pointer,
		     size_t size)
{
	json_t *in = json_loads(text, JSON_DECODE_ANY, NULL);
	struct opt_faults faults = {0};
	int err;

	assert_non_null(in);
	err = address_read(addr, in, "/source", &faults);
	assert_int_equal(err ? 1 : 0, json_array_size(faults.list) ? 1 : 0);
	str_copy(pointer, size,
		 json_str(json_array_get(faults.list, 0), "pointer", ""));
	json_decref(faults.list);
	json_decref(in);

	return err;
}

static void test_objects(void **state)
{
	struct address addr;
	char ptr[64], *text;
	json_t *out;

	(void)state;
	assert_int_equal(
		read_text(&addr,
			  "{\"type\":\"tel\",\"target\":\"+4520123456\","
			  "\"name\":\"\xc3\x86 & Co\",\"trunk_id\":"
			  "\"01890000-0000-7000-8000-000000000001\"}",
			  ptr, sizeof(ptr)),
		0);
	out = address_json(&addr);
	text = json_text(out);
	assert_string_equal(text,
			    "{\"type\":\"tel\",\"target\":\"+4520123456\","
			    "\"name\":\"\xc3\x86 & Co\",\"trunk_id\":"
			    "\"01890000-0000-7000-8000-000000000001\"}");
	free(text);
	json_decref(out);

	/* a SIP URI may come without its scheme, nulls are nothing */
	assert_int_equal(read_text(&addr,
				   "{\"type\":\"sip\",\"target\":\"bob@a.dk\","
				   "\"name\":null,\"trunk_id\":null}",
				   ptr, sizeof(ptr)),
			 0);
	assert_string_equal(addr.target, "sip:bob@a.dk");
	assert_int_equal(
		read_text(&addr, "\"extension:1001@a.dk\"", ptr, sizeof(ptr)),
		0);
	assert_string_equal(addr.target, "1001@a.dk");
}

static void test_faults_say_where(void **state)
{
	static const struct {
		const char *text, *pointer;
	} cases[] = {
		{"1", "/source"},
		{"null", "/source"},
		{"[]", "/source"},
		{"\"tel:x\"", "/source"},
		{"{}", "/source/type"},
		{"{\"type\":\"tel\"}", "/source/target"},
		{"{\"type\":\"fax\",\"target\":\"+45123\"}", "/source/type"},
		{"{\"type\":\"queue\",\"target\":\"x\"}", "/source/type"},
		{"{\"type\":\"tel\",\"target\":\"\"}", "/source/target"},
		{"{\"type\":\"tel\",\"target\":7}", "/source/target"},
		{"{\"type\":\"tel\",\"target\":\"bob\"}", "/source/target"},
		{"{\"type\":\"tel\",\"target\":\"112\",\"x\":1}", "/source/x"},
		{"{\"type\":\"tel\",\"target\":\"112\",\"name\":\"a\\nb\"}",
		 "/source/name"},
		{"{\"type\":\"tel\",\"target\":\"112\",\"trunk_id\":\"x\"}",
		 "/source/trunk_id"},
		{"{\"type\":\"extension\",\"target\":\"1@a.dk\",\"trunk_id\":"
		 "\"01890000-0000-7000-8000-000000000001\"}",
		 "/source/trunk_id"},
	};
	struct address addr;
	char ptr[64];
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); ++i) {
		assert_int_equal(
			read_text(&addr, cases[i].text, ptr, sizeof(ptr)),
			EINVAL);
		assert_string_equal(ptr, cases[i].pointer);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_long_texts_are_refused),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_faults_say_where),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
