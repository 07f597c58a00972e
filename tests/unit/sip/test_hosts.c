/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names in a hosts file */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "sip/hosts.h"

static const char text[] = "# 192.0.2.1 commented\n"
			   "127.0.0.1\tlocalhost\n"
			   "::1 localhost ip6-localhost # 192.0.2.2\n"
			   "\n"
			   "192.0.2.3   pbx.test Pbx \r\n"
			   "192.0.2.4 pbx\n"
			   "nonsense pbx2\n"
			   "192.0.2.5\n"
			   "192.0.2.6 last";

static const char *find(const char *path, const char *name, bool ip6)
{
	static char out[64];

	return sipx_hosts_find(out, sizeof(out), path, name, ip6) ? "" : out;
}

static void test_find(void **state)
{
	char *path = NULL;
	const int fd = g_file_open_tmp("bifrons-hosts-XXXXXX", &path, NULL);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);

	assert_string_equal(find(path, "localhost", false), "127.0.0.1");
	assert_string_equal(find(path, "LOCALHOST", true), "::1");
	assert_string_equal(find(path, "ip6-localhost", false), "");
	assert_string_equal(find(path, "pbx", false), "192.0.2.3");
	assert_string_equal(find(path, "pbx.test", false), "192.0.2.3");
	assert_string_equal(find(path, "pbx.test", true), "");
	assert_string_equal(find(path, "pbx2", false), "");
	assert_string_equal(find(path, "commented", false), "");
	assert_string_equal(find(path, "192.0.2.2", false), "");
	assert_string_equal(find(path, "192.0.2.5", false), "");
	assert_string_equal(find(path, "last", false), "192.0.2.6");
	assert_string_equal(find(path, "", false), "");
	g_unlink(path);
	assert_string_equal(find(path, "localhost", false), "");
	g_free(path);
}

static void test_no_room(void **state)
{
	char out[4];

	(void)state;
	assert_int_not_equal(sipx_hosts_find(out, sizeof(out), "/etc/hosts",
					     "localhost", false),
			     0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_no_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
