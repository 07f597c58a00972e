/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ranges of bytes, and names of files in and out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib.h>
#include <string.h>

#include "rest/file_name.h"
#include "rest/range.h"

static void part(const char *text, int64_t size, int64_t first, int64_t len)
{
	int64_t got_first = -1, got_len = -1;

	assert_int_equal(rest_range_parse(text, size, &got_first, &got_len),
			 REST_RANGE_PART);
	assert_int_equal(got_first, first);
	assert_int_equal(got_len, len);
}

static void other(const char *text, int64_t size, enum rest_range want)
{
	int64_t first, len;

	assert_int_equal(rest_range_parse(text, size, &first, &len), want);
}

static void test_ranges(void **state)
{
	part("bytes=0-0", 100, 0, 1);
	part("bytes=0-99", 100, 0, 100);
	part("bytes=10-", 100, 10, 90);
	part("bytes=99-", 100, 99, 1);
	part("bytes=-1", 100, 99, 1);
	part("bytes=-100", 100, 0, 100);
	part("bytes=-101", 100, 0, 100);
	part("bytes=50-1000", 100, 50, 50);
	part("Bytes= 5-6 ", 100, 5, 2);
	part("bytes=0-99999999999999999999999", 100, 0, 100);
	part("bytes=-99999999999999999999999", 100, 0, 100);
	part("bytes=007-8", 100, 7, 2);
}

static void test_ranges_that_are_not_there(void **state)
{
	other("bytes=100-", 100, REST_RANGE_BAD);
	other("bytes=100-200", 100, REST_RANGE_BAD);
	other("bytes=-0", 100, REST_RANGE_BAD);
	other("bytes=0-", 0, REST_RANGE_BAD);
	other("bytes=-1", 0, REST_RANGE_BAD);
	other("bytes=99999999999999999999999-", 100, REST_RANGE_BAD);
}

/* Sent whole, as if they were not there (RFC 9110 §14.2) */
static void test_ranges_without_sense(void **state)
{
	other(NULL, 100, REST_RANGE_ALL);
	other("", 100, REST_RANGE_ALL);
	other("bytes", 100, REST_RANGE_ALL);
	other("bytes=", 100, REST_RANGE_ALL);
	other("bytes=-", 100, REST_RANGE_ALL);
	other("bytes=1", 100, REST_RANGE_ALL);
	other("bytes=a-b", 100, REST_RANGE_ALL);
	other("bytes=5-4", 100, REST_RANGE_ALL);
	other("bytes=1-2,4-5", 100, REST_RANGE_ALL);
	other("bytes=--1", 100, REST_RANGE_ALL);
	other("bytes=+1-2", 100, REST_RANGE_ALL);
	other("lines=1-2", 100, REST_RANGE_ALL);
	other("bytes 1-2", 100, REST_RANGE_ALL);
}

static void named(const char *raw, const char *want)
{
	char got[REST_FILE_NAME_MAX + 1];

	rest_file_name(got, raw);
	assert_string_equal(got, want);
}

static void test_names_of_files(void **state)
{
	char *longest = g_strnfill(REST_FILE_NAME_MAX - 1, 'x');
	char *raw = g_strconcat(longest, "\xc3\xa6", NULL);

	named("hello.wav", "hello.wav");
	named("C:\\sounds\\hello.wav", "hello.wav");
	named("../../etc/passwd", "passwd");
	named("/", "");
	named("..", "");
	named(".hidden", "hidden");
	named(" a b . ", "a b");
	named("a\tb\r\nc\x7f", "abc");
	named("\xc3\xa6\xe2\x80\xaegpj.exe", "\xc3\xa6gpj.exe");
	named("\xff\xfe", "");
	named("a\xffz", "az");
	named(raw, longest); /* half a character is none */
	g_free(longest);
	g_free(raw);
}

static void disposed(const char *name, const char *want)
{
	char got[640];

	rest_disposition(got, sizeof(got), name);
	assert_string_equal(got, want);
}

static void test_dispositions(void **state)
{
	char small[24], *longest = g_malloc0(REST_FILE_NAME_MAX + 1), *end;
	char got[640];
	unsigned i;

	disposed(NULL, "attachment");
	disposed("", "attachment");
	disposed("a.wav",
		 "attachment; filename=\"a.wav\"; filename*=UTF-8''a.wav");
	disposed("a\"\\b; c%41.wav", "attachment; filename=\"b; c_41.wav\"; "
				     "filename*=UTF-8''b%3B%20c%2541.wav");
	disposed("\xc3\xa6\r\nX: y", "attachment; filename=\"_X: y\"; "
				     "filename*=UTF-8''%C3%A6X%3A%20y");

	for (i = 0; i + 1 < REST_FILE_NAME_MAX; i += 2)
		memcpy(longest + i, "\xc3\xa6", 2);
	rest_disposition(got, sizeof(got), longest);
	end = got + strlen(got) - 6;
	assert_string_equal(end, "%C3%A6");
	g_free(longest);

	rest_disposition(small, sizeof(small), "a name that is too long");
	assert_string_equal(small, "attachment");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_ranges_that_are_not_there),
		cmocka_unit_test(test_ranges_without_sense),
		cmocka_unit_test(test_names_of_files),
		cmocka_unit_test(test_dispositions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
