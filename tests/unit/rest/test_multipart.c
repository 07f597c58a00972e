/* SPDX-License-Identifier: GPL-3.0-or-later */
/* multipart/form-data in pieces of any size: always the same, or refused */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <glib.h>
#include <string.h>

#include "rest/multipart.h"

#define PART(name) "Content-Disposition: form-data; name=\"" name "\"\r\n\r\n"

/* what came, as text: "<name:file_name|data>" */
struct seen {
	GString *text;
	bool refuse_data;
};

static bool on_begin(void *arg, const struct multipart_part *part)
{
	struct seen *seen = arg;

	g_string_append_printf(seen->text, "<%s%s%s%s|", part->name,
			       part->is_file ? ":" : "", part->file_name,
			       part->encoded ? " encoded" : "");

	return true;
}

static bool on_data(void *arg, const char *data, size_t len)
{
	struct seen *seen = arg;

	assert_true(len > 0);
	g_string_append_len(seen->text, data, (gssize)len);

	return !seen->refuse_data;
}

static bool on_end(void *arg)
{
	struct seen *seen = arg;

	g_string_append_c(seen->text, '>');

	return true;
}

static const struct multipart_handlers handlers = {on_begin, on_data, on_end};

/* In pieces of `step` bytes. @return 0 or errno */
static int run(struct seen *seen, const char *body, size_t step,
	       const char **whyp)
{
	struct multipart *mp = multipart_new("xyz", &handlers, seen);
	const size_t len = strlen(body);
	size_t i;
	int err = 0;

	for (i = 0; i < len && !err; i += step)
		err = multipart_add(mp, body + i, MIN(step, len - i));
	if (!err)
		err = multipart_end(mp);
	else
		assert_int_equal(multipart_end(mp), err); /* it stays */
	*whyp = multipart_why(mp);
	multipart_free(mp);

	return err;
}

static void takes(const char *body, const char *want)
{
	struct seen seen = {0};
	const char *why;
	size_t step;

	for (step = 1; step <= strlen(body); ++step) {
		seen.text = g_string_new(NULL);
		assert_int_equal(run(&seen, body, step, &why), 0);
		assert_string_equal(seen.text->str, want);
		g_string_free(seen.text, TRUE);
	}
}

static void refuses(const char *body, const char *want)
{
	struct seen seen = {0};
	const char *why = NULL;
	size_t step;

	for (step = 1; step <= strlen(body); ++step) {
		seen.text = g_string_new(NULL);
		assert_int_equal(run(&seen, body, step, &why), EBADMSG);
		if (!strstr(why, want))
			fail_msg("%s is not in: %s", want, why);
		g_string_free(seen.text, TRUE);
	}
}

static void test_parts(void **state)
{
	takes("--xyz\r\n" PART("a") "1\r\n--xyz\r\n" PART("b") "22\r\n--xyz--",
	      "<a|1><b|22>");
	takes("before\r\n--xyz\r\n" PART("a") "1\r\n--xyz--\r\nafter --xyz\r\n",
	      "<a|1>");
	takes("--xyz \t\r\n" PART("a") "\r\n--xyz--", "<a|>");
	takes("--xyz\r\n" PART("a") "--xyz--", "<a|>");
	takes("--xyz--", "");
}

static void test_what_is_almost_a_boundary_is_data(void **state)
{
	takes("--xyz\r\n" PART("a") "\r\n--xy\r\n--x\r\r\n\r\n-\r\n--xyz--",
	      "<a|\r\n--xy\r\n--x\r\r\n\r\n->");
	takes("--xyz\r\n" PART("a") "--xy \r\n--xyz--", "<a|--xy >");
	takes("--xyz\r\n" PART("a") "\r\r\r\n--xyz--", "<a|\r\r>");
	takes("--xyz\r\n" PART("a") "\r\n--xyz--", "<a|>");
	takes("--xyz\r\n" PART("a") "\n--xyz\r\n--xyz--", "<a|\n--xyz>");
	takes("x--xyz\r\n--xyz\r\n" PART("a") "1\r\n--xyz--", "<a|1>");
}

static void test_malformed(void **state)
{
	char *name = g_strnfill(MULTIPART_NAME_MAX + 1, 'n');
	char *field = g_strnfill(MULTIPART_HEAD_MAX, 'f');
	char *body;

	refuses("nothing", "is not in the body");
	refuses("--abc\r\n" PART("a") "1\r\n--abc--", "is not in the body");
	refuses("--xyz\r\n" PART("a") "1", "last boundary");
	refuses("--xyz\r\n" PART("a") "1\r\n--xyz", "last boundary");
	refuses("--xyz\r\n" PART("a") "1\r\n--xyz-", "last boundary");
	refuses("--xyz\r\nContent-", "last boundary");
	refuses("--xyz!\r\n" PART("a") "1\r\n--xyz--", "end its line");
	refuses("--xyz\rx", "end its line");
	refuses("--xyz-x", "end its line");
	refuses("--xyz\r\n\r\n1\r\n--xyz--", "no Content-Disposition");
	refuses("--xyz\r\nX: y\r\n\r\n1\r\n--xyz--", "no Content-Disposition");
	refuses("--xyz\r\nContent-Disposition: attachment; name=a\r\n\r\n",
		"not form-data");
	refuses("--xyz\r\nContent-Disposition: form-data\r\n\r\n", "no name");
	refuses("--xyz\r\nContent-Disposition: form-data; name\r\n\r\n",
		"makes no sense");
	refuses("--xyz\r\nContent-Disposition: form-data; name=\"a\r\n\r\n",
		"makes no sense");
	refuses("--xyz\r\nContent-Disposition: form-data; name=a; name=b"
		"\r\n\r\n",
		"two names");
	refuses("--xyz\r\nContent-Disposition: form-data; name=a\r\n"
		"content-disposition: form-data; name=b\r\n\r\n",
		"two Content-Dispositions");
	refuses("--xyz\r\nContent-Disposition: form-data; name=\"a\nb\""
		"\r\n\r\n",
		"control character");
	refuses("--xyz\r\n: x\r\n\r\n", "no name");
	refuses("--xyz\r\nno colon\r\n\r\n", "no name");

	body = g_strconcat("--xyz\r\nContent-Disposition: form-data; name=",
			   name, "\r\n\r\n", NULL);
	refuses(body, "too long");
	g_free(body);
	body = g_strconcat("--xyz\r\nX: ", field, NULL);
	refuses(body, "too large");
	g_free(body);
	g_free(name);
	g_free(field);
}

static void test_nul_in_a_head(void **state)
{
	static const char body[] = "--xyz\r\nContent-Disposition: form-data; "
				   "name=\"a\0b\"\r\n\r\n";
	struct seen seen = {.text = g_string_new(NULL)};
	struct multipart *mp = multipart_new("xyz", &handlers, &seen);

	assert_int_equal(multipart_add(mp, body, sizeof(body) - 1), EBADMSG);
	assert_non_null(strstr(multipart_why(mp), "NUL"));
	multipart_free(mp);
	g_string_free(seen.text, TRUE);
}

static void test_files(void **state)
{
	takes("--xyz\r\nContent-Type: audio/wav\r\n"
	      "CONTENT-DISPOSITION:  Form-Data ; filename=\"a b.wav\" ;"
	      " name=file ; x=y\r\n\r\nRIFF\r\n--xyz--",
	      "<file:a b.wav|RIFF>");
	takes("--xyz\r\nContent-Disposition: form-data; name=\"f\\\"\\\\\";"
	      " filename=\"C:\\a\\b\"\r\n\r\n\r\n--xyz--",
	      "<f\"\\:C:\\a\\b|>");
	takes("--xyz\r\nContent-Disposition: form-data; name=f; filename=\"\""
	      "\r\n\r\n\r\n--xyz--",
	      "<f:|>");
	takes("--xyz\r\nContent-Disposition: form-data; name=f\r\n"
	      "Content-Transfer-Encoding: base64\r\n\r\n\r\n--xyz--",
	      "<f encoded|>");
	takes("--xyz\r\nContent-Disposition: form-data; name=f\r\n"
	      "Content-Transfer-Encoding: Binary \r\n\r\n\r\n--xyz--",
	      "<f|>");
	/* a multipart in a part is data like any other */
	takes("--xyz\r\nContent-Disposition: form-data; name=f\r\n"
	      "Content-Type: multipart/mixed; boundary=in\r\n\r\n"
	      "--in\r\n\r\n1\r\n--in--\r\n--xyz--",
	      "<f|--in\r\n\r\n1\r\n--in-->");
}

static void test_a_handler_may_stop_it(void **state)
{
	struct seen seen = {.text = g_string_new(NULL), .refuse_data = true};
	const char *why;

	assert_int_equal(
		run(&seen, "--xyz\r\n" PART("a") "1\r\n--xyz--", 1, &why),
		ECANCELED);
	assert_string_equal(seen.text->str, "<a|1");
	g_string_free(seen.text, TRUE);
}

static void boundary(const char *type, int err, const char *want)
{
	char got[MULTIPART_BOUNDARY_MAX + 1] = "";

	assert_int_equal(multipart_boundary(got, type), err);
	if (!err)
		assert_string_equal(got, want);
}

static void test_boundaries(void **state)
{
	char *longest = g_strnfill(MULTIPART_BOUNDARY_MAX, 'b');
	char *type =
		g_strconcat("multipart/form-data; boundary=", longest, NULL);

	boundary("multipart/form-data; boundary=xyz", 0, "xyz");
	boundary("Multipart/Form-Data ;BOUNDARY=\"a b:c\"; charset=utf-8", 0,
		 "a b:c");
	boundary("multipart/form-data; charset=utf-8; boundary=--1", 0, "--1");
	boundary(type, 0, longest);
	g_free(type);
	type = g_strconcat("multipart/form-data; boundary=", longest, "b",
			   NULL);
	boundary(type, EINVAL, NULL);
	g_free(type);
	g_free(longest);

	boundary("multipart/form-data", EINVAL, NULL);
	boundary("multipart/form-data; boundary", EINVAL, NULL);
	boundary("multipart/form-data; boundary=", EINVAL, NULL);
	boundary("multipart/form-data; boundary=\"\"", EINVAL, NULL);
	boundary("multipart/form-data; boundary=\"a ", EINVAL, NULL);
	boundary("multipart/form-data; boundary=\"a \"", EINVAL, NULL);
	boundary("multipart/form-data; boundary=a*b", EINVAL, NULL);
	boundary("multipart/form-data; boundary=a; boundary=b", EINVAL, NULL);
	boundary("multipart/form-data; boundary=\"a\"b", EINVAL, NULL);
	boundary("multipart/mixed; boundary=a", ENOENT, NULL);
	boundary("multipart/form-data-x; boundary=a", ENOENT, NULL);
	boundary("audio/wav", ENOENT, NULL);
	boundary("", ENOENT, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_what_is_almost_a_boundary_is_data),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_nul_in_a_head),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_a_handler_may_stop_it),
		cmocka_unit_test(test_boundaries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
