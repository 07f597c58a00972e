/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <locale.h>
#include <string.h>

#include "common/str.h"

static void test_copy_cuts_and_says_so(void **state)
{
	char buf[4];

	assert_int_equal(str_copy(buf, sizeof(buf), "abc"), 0);
	assert_string_equal(buf, "abc");
	assert_int_equal(str_copy(buf, sizeof(buf), "abcd"), EOVERFLOW);
	assert_string_equal(buf, "abc");
	assert_int_equal(str_copy(buf, sizeof(buf), NULL), 0);
	assert_string_equal(buf, "");
	assert_int_equal(str_copy(buf, 1, "x"), EOVERFLOW);
	assert_string_equal(buf, "");
	assert_int_equal(str_copy(buf, 0, "x"), EOVERFLOW);
}

static void test_equal_and_starts(void **state)
{
	assert_true(str_eq(NULL, NULL));
	assert_false(str_eq(NULL, ""));
	assert_false(str_eq("", NULL));
	assert_true(str_eq("a", "a"));
	assert_false(str_eq("a", "ab"));
	assert_true(str_starts("abc", "ab"));
	assert_true(str_starts("abc", ""));
	assert_false(str_starts("a", "ab"));
	assert_false(str_starts(NULL, ""));
	assert_false(str_starts("", NULL));
}

static void test_clean(void **state)
{
	assert_true(str_is_clean("a\tb \xc3\xa6", 6, false));
	assert_true(str_is_clean("", 0, false));
	assert_false(str_is_clean("a\r\nb", 4, false));
	assert_true(str_is_clean("a\r\nb", 4, true));
	assert_false(str_is_clean("a\x7f", 2, false));
	assert_false(str_is_clean("a\0b", 3, true));
	assert_false(str_is_clean("\xc3", 1, true));
	assert_false(str_is_clean("\xed\xa0\x80", 3, true)); /* surrogate */
	assert_false(str_is_clean("\xc0\xaf", 2, true));     /* overlong */
	assert_false(str_is_clean(NULL, 0, true));
}

static void test_int(void **state)
{
	static const char *const wrong[] = {"",    "-",   "+1", " 1",
					    "1 ",  "1.0", "a",  "0x",
					    "1e2", "--1", "-+1"};
	int64_t n = 7;
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i)
		assert_int_equal(str_to_int(wrong[i], INT64_MIN, INT64_MAX, &n),
				 EINVAL);
	assert_int_equal(str_to_int(NULL, 0, 1, &n), EINVAL);
	assert_int_equal(n, 7);

	assert_int_equal(str_to_int("0042", 0, 100, &n), 0);
	assert_int_equal(n, 42);
	assert_int_equal(str_to_int("-1", 0, 100, &n), ERANGE);
	assert_int_equal(str_to_int("101", 0, 100, &n), ERANGE);
	assert_int_equal(
		str_to_int("-9223372036854775808", INT64_MIN, INT64_MAX, &n),
		0);
	assert_true(n == INT64_MIN);
	assert_int_equal(
		str_to_int("9223372036854775807", INT64_MIN, INT64_MAX, &n), 0);
	assert_true(n == INT64_MAX);
	assert_int_equal(
		str_to_int("9223372036854775808", INT64_MIN, INT64_MAX, &n),
		ERANGE);
	assert_int_equal(
		str_to_int("-9223372036854775809", INT64_MIN, INT64_MAX, &n),
		ERANGE);
	assert_int_equal(
		str_to_int("99999999999999999999999", INT64_MIN, INT64_MAX, &n),
		ERANGE);
}

static void test_num(void **state)
{
	static const char *const wrong[] = {"",    "-",   ".5",  "1.", "1,5",
					    "nan", "inf", "0x1", "1e3"};
	char huge[400];
	double n = 7;
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i)
		assert_int_equal(str_to_num(wrong[i], &n), EINVAL);
	memset(huge, '9', sizeof(huge));
	huge[sizeof(huge) - 1] = '\0';
	assert_int_equal(str_to_num(huge, &n), EINVAL);
	assert_true(n == 7);

	assert_int_equal(str_to_num("1.5", &n), 0);
	assert_true(n == 1.5);
	assert_int_equal(str_to_num("-20", &n), 0);
	assert_true(n == -20);
	/* where the system has such a locale, it changes nothing */
	if (setlocale(LC_NUMERIC, "da_DK.UTF-8"))
		assert_int_equal(str_to_num("1.5", &n), 0);
	setlocale(LC_NUMERIC, "C");
}

static void test_hex(void **state)
{
	const uint8_t data[] = {0, 0x7f, 0xff};
	char out[7];

	str_hex(out, data, sizeof(data));
	assert_string_equal(out, "007fff");
	str_hex(out, data, 0);
	assert_string_equal(out, "");
}

/* RFC 4648 section 10 */
static void test_base64(void **state)
{
	static const struct {
		const char *plain, *text, *url;
	} rows[] = {
		{"", "", ""},
		{"f", "Zg==", "Zg"},
		{"fo", "Zm8=", "Zm8"},
		{"foo", "Zm9v", "Zm9v"},
		{"foob", "Zm9vYg==", "Zm9vYg"},
		{"\xfb\xff\xfe", "+//+", "-__-"},
	};
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		const uint8_t *plain = (const uint8_t *)rows[i].plain;
		const size_t len = strlen(rows[i].plain);
		char *text = str_base64(plain, len);
		char *url = str_base64url(plain, len);
		uint8_t *back = NULL;
		size_t back_len = 99;

		assert_string_equal(text, rows[i].text);
		assert_string_equal(url, rows[i].url);
		assert_int_equal(str_base64_decode(text, &back, &back_len), 0);
		assert_int_equal(back_len, len);
		assert_memory_equal(back, plain, len + 1);
		g_free(text);
		g_free(url);
		g_free(back);
	}
}

static void test_base64_is_strict(void **state)
{
	static const char *const wrong[] = {
		"A",    "AA",   "AAA",  "AAAAA", "====", "A===",  "AA=A",
		"=AAA", "AB==", "AAB=", "AA-_",  "AA A", "AAA\n", "Zg==Zg==",
	};
	uint8_t *data = NULL;
	size_t len;
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(wrong); ++i)
		assert_int_equal(str_base64_decode(wrong[i], &data, &len),
				 EINVAL);
	assert_int_equal(str_base64_decode(NULL, &data, &len), EINVAL);
	assert_null(data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_copy_cuts_and_says_so),
		cmocka_unit_test(test_equal_and_starts),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_int),
		cmocka_unit_test(test_num),
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_is_strict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
