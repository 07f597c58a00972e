/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kinds of files, their names, the paths that uploads may have */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "api/media.h"

static void test_types(void **state)
{
	assert_string_equal(media_content_type("wav"), "audio/wav");
	assert_string_equal(media_content_type("mov,mp4,m4a,3gp,3g2,mj2"),
			    "audio/mp4");
	assert_string_equal(media_content_type("matroska,webm"), "audio/webm");
	assert_string_equal(media_content_type("mp3"), "audio/mpeg");
	assert_string_equal(media_content_type("mp33"),
			    "application/octet-stream");
	assert_string_equal(media_content_type(",,"),
			    "application/octet-stream");
	assert_string_equal(media_content_type(""), "application/octet-stream");
	assert_string_equal(media_content_type(NULL),
			    "application/octet-stream");
	assert_string_equal(media_suffix("audio/mpeg"), ".mp3");
	assert_string_equal(media_suffix("application/octet-stream"), "");
}

static void test_names(void **state)
{
	assert_null(media_check_name("hello.wav"));
	assert_null(media_check_name("Gr\xc3\xbc\xc3\x9f / 2"));
	assert_non_null(media_check_name(" hello"));
	assert_non_null(media_check_name("hello "));
	assert_non_null(media_check_name("a\tb"));
	assert_non_null(media_check_name("a\nb"));
	assert_non_null(media_check_name("\xff"));
	assert_non_null(
		media_check_name("01900000-0000-7000-8000-000000000000"));
}

static void test_paths(void **state)
{
	assert_null(media_check_path("tmp/upload-"
				     "0123456789abcdef0123456789abcdef"));
	assert_non_null(media_check_path(""));
	assert_non_null(media_check_path("tmp"));
	assert_non_null(media_check_path("tmp/upload-"));
	assert_non_null(media_check_path("/tmp/upload-"
					 "0123456789abcdef0123456789abcdef"));
	assert_non_null(media_check_path("tmp/upload-"
					 "0123456789abcdef0123456789abcde/"));
	assert_non_null(media_check_path("tmp/upload-"
					 "0123456789abcdef0123456789abcdef0"));
}

static void test_folders(void **state)
{
	static const char id[] = "01900000-0000-7000-8000-000000000000";
	char a[MEDIA_FOLDER_SIZE], b[MEDIA_FOLDER_SIZE];

	media_folder_new(a, id);
	media_folder_new(b, id);
	assert_memory_equal(a, id, strlen(id));
	assert_int_equal(a[strlen(id)], '.');
	assert_int_equal(strlen(a), strlen(id) + 9);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_paths),
		cmocka_unit_test(test_folders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
