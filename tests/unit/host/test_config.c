/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/json.h"
#include "host/config.h"

static const struct opt host_opts[] = {
	{.name = "host", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{.name = "port", .type = OPT_INT, .max = 65535, .def = "5060"},
	OPT_END,
};
static const struct opt host_item = {.type = OPT_OBJECT, .sub = host_opts};
static const struct opt ip_item = {.type = OPT_STRING, .check = opt_check_cidr};

static const struct opt rtp_opts[] = {
	{.name = "port_min",
	 .type = OPT_INT,
	 .min = 1024,
	 .max = 65534,
	 .def = "20000",
	 .doc = "First port for RTP."},
	{.name = "ratio", .type = OPT_NUM, .max = 2, .def = "0.5"},
	OPT_END,
};
static const struct opt tls_opts[] = {
	{.name = "cert", .type = OPT_STRING, .flags = OPT_REQUIRED},
	{.name = "verify", .type = OPT_BOOL, .def = "true"},
	OPT_END,
};

static const char *const levels[] = {"info", "debug", NULL};

static const struct opt opts[] = {
	{.name = "level",
	 .type = OPT_STRING,
	 .values = levels,
	 .def = "\"info\"",
	 .doc = "How much is logged."},
	{.name = "on", .type = OPT_BOOL, .def = "false"},
	{.name = "path", .type = OPT_STRING, .doc = "Where the \"data\" lies."},
	{.name = "big", .type = OPT_INT, .def = "5000000000"},
	{.name = "rtp",
	 .type = OPT_OBJECT,
	 .sub = rtp_opts,
	 .doc = "Sound over the network."},
	{.name = "tls", .type = OPT_OBJECT, .sub = tls_opts},
	{.name = "proxies",
	 .type = OPT_ARRAY,
	 .max = 2,
	 .sub = &host_item,
	 .def = "[]",
	 .doc = "Proxies in front."},
	{.name = "allowed",
	 .type = OPT_ARRAY,
	 .max = 4,
	 .sub = &ip_item,
	 .def = "[\"127.0.0.1\",\"::1\"]"},
	OPT_END,
};

struct fix {
	char *dir, *path, *other;
};

static int setup(void **state)
{
	struct fix *f = g_new0(struct fix, 1);

	f->dir = g_dir_make_tmp("bifrons-XXXXXX", NULL);
	f->path = g_build_filename(f->dir, "x.jcfg", NULL);
	f->other = g_build_filename(f->dir, "y.jcfg", NULL);
	*state = f;

	return 0;
}

static int teardown(void **state)
{
	struct fix *f = *state;

	g_remove(f->path);
	g_remove(f->other);
	g_rmdir(f->dir);
	g_free(f->other);
	g_free(f->path);
	g_free(f->dir);
	g_free(f);

	return 0;
}

static void passes(struct fix *f, const char *text, const char *want)
{
	char *why = NULL, *got;
	json_t *cfg = NULL;

	assert_true(g_file_set_contents(f->path, text, -1, NULL));
	if (config_load(&cfg, f->path, opts, &why))
		fail_msg("%s: %s", text, why);
	assert_null(why);
	got = json_text(cfg);
	assert_string_equal(got, want);
	free(got);
	json_decref(cfg);
}

/* DIR/ is left out of what is told */
static void fails(struct fix *f, const char *text, const char *want)
{
	char *why = NULL, *dir, **parts;
	json_t *cfg = NULL;

	assert_true(g_file_set_contents(f->path, text, -1, NULL));
	assert_int_equal(config_load(&cfg, f->path, opts, &why), EINVAL);
	assert_null(cfg);
	dir = g_strconcat(f->dir, "/", NULL);
	parts = g_strsplit(why, dir, -1);
	g_free(why);
	why = g_strjoinv("", parts);
	if (strcmp(why, want) != 0)
		fail_msg("%s:\ngot  %s\nwant %s", text, why, want);
	g_strfreev(parts);
	g_free(dir);
	g_free(why);
}

#define TAIL "\"proxies\":[],\"allowed\":[\"127.0.0.1\",\"::1\"]}"
#define RTP "\"rtp\":{\"port_min\":20000,\"ratio\":0.5},"

static void test_empty_file_has_the_defaults(void **state)
{
	passes(*state, "",
	       "{\"level\":\"info\",\"on\":false,\"big\":5000000000," RTP TAIL);
}

static void test_reads_every_type(void **state)
{
	passes(*state,
	       "# comment\n"
	       "level = \"debug\"; on = true\n"
	       "path: \"/var/\\x41\"\n"
	       "big = 6000000000L\n"
	       "rtp: { port_min = 0x1000; ratio = 1; }\n"
	       "tls = { cert = \"a\" \"b\" }\n"
	       "proxies = ( { host = \"h\" }, { host = \"i\"; port = 1 } )\n"
	       "allowed = [ \"10.0.0.0/8\" ]\n",
	       "{\"level\":\"debug\",\"on\":true,\"path\":\"/var/A\","
	       "\"big\":6000000000,\"rtp\":{\"port_min\":4096,\"ratio\":1},"
	       "\"tls\":{\"cert\":\"ab\",\"verify\":true},"
	       "\"proxies\":[{\"host\":\"h\",\"port\":5060},"
	       "{\"host\":\"i\",\"port\":1}],"
	       "\"allowed\":[\"10.0.0.0/8\"]}");
}

static void test_faults_name_file_line_and_key(void **state)
{
	fails(*state,
	      "level = \"loud\"\n"
	      "on = 1\n"
	      "\n"
	      "rtp: {\n"
	      "  port_min = \"x\"\n"
	      "  prot_min = 5\n"
	      "  ratio = 3.5\n"
	      "}\n"
	      "proxies = (\n"
	      "  { port = 70000 }\n"
	      ")\n"
	      "tls: { }\n",
	      "x.jcfg:1: level: must be one of info, debug\n"
	      "x.jcfg:2: on: must be true or false\n"
	      "x.jcfg:6: rtp.prot_min: unknown field; did you mean "
	      "\"port_min\"?\n"
	      "x.jcfg:5: rtp.port_min: must be an integer\n"
	      "x.jcfg:7: rtp.ratio: must be from 0 to 2\n"
	      "x.jcfg:12: tls.cert: is required\n"
	      "x.jcfg:10: proxies[0].host: is required\n"
	      "x.jcfg:10: proxies[0].port: must be from 0 to 65535");
}

static void test_types_are_strict(void **state)
{
	struct fix *f = *state;

	fails(f, "level = 5", "x.jcfg:1: level: must be a string");
	fails(f, "level = true", "x.jcfg:1: level: must be a string");
	fails(f, "path = 1.5", "x.jcfg:1: path: must be a string");
	fails(f, "on = \"true\"", "x.jcfg:1: on: must be true or false");
	fails(f, "big = 1.0", "x.jcfg:1: big: must be an integer");
	fails(f, "big = true", "x.jcfg:1: big: must be an integer");
	fails(f, "rtp = 5", "x.jcfg:1: rtp: must be an object");
	fails(f, "rtp = ( )", "x.jcfg:1: rtp: must be an object");
	fails(f, "proxies = { }", "x.jcfg:1: proxies: must be an array");
	fails(f, "level = \"\xff\"",
	      "x.jcfg:1: level: must be UTF-8 text or a finite number");
	fails(f, "rtp: { ratio = 1e999 }",
	      "x.jcfg:1: rtp.ratio: must be UTF-8 text or a finite number");
}

static void test_syntax_errors_have_a_line(void **state)
{
	struct fix *f = *state;

	fails(f, "level = \"info\"\non = \n\nrtp {\n",
	      "x.jcfg:4: syntax error");
	fails(f, "on = true\non = false\n", "x.jcfg:2: duplicate setting name");
}

static void test_includes_from_beside(void **state)
{
	struct fix *f = *state;

	assert_true(g_file_set_contents(f->other, "on = true\n", -1, NULL));
	passes(f, "@include \"y.jcfg\"\n",
	       "{\"level\":\"info\",\"on\":true,\"big\":5000000000," RTP TAIL);
	/* faults name the file they are in */
	assert_true(g_file_set_contents(f->other, "\non = 5\n", -1, NULL));
	fails(f, "@include \"y.jcfg\"\n",
	      "y.jcfg:2: on: must be true or false");
	assert_true(g_file_set_contents(f->other, "\non = = 5\n", -1, NULL));
	fails(f, "@include \"y.jcfg\"\n", "y.jcfg:2: syntax error");
}

static void test_includes_nothing_else(void **state)
{
	static const char *const names[] = {"/etc/passwd", "../x", "a/b",
					    ".hidden",     "..",   "a\\\\b"};
	struct fix *f = *state;
	char *text;
	unsigned i;

	for (i = 0; i < G_N_ELEMENTS(names); ++i) {
		text = g_strdup_printf("on = true\n  @include \"%s\"\n",
				       names[i]);
		fails(f, text,
		      "x.jcfg:2: @include: only a file beside this one");
		g_free(text);
	}
	fails(f, "@include \"none.jcfg\"\n",
	      "x.jcfg:1: @include: no such file");
	fails(f, "@include \"x.jcfg\"\n@include \"x.jcfg\"\n",
	      "x.jcfg:1: @include: too many files");
	/* from the included file neither */
	assert_true(g_file_set_contents(f->other, "@include \"/etc/passwd\"",
					-1, NULL));
	fails(f, "@include \"y.jcfg\"\n",
	      "y.jcfg:1: @include: only a file beside this one");
}

static void test_what_is_no_include(void **state)
{
	passes(*state,
	       "# @include \"/etc/passwd\"\n// @include \"/etc/passwd\"\n"
	       "/* x\n@include \"/etc/passwd\"\n*/\n"
	       "path = \"\\\"@include \\\"/etc/passwd\\\"\"\n",
	       "{\"level\":\"info\",\"on\":false,"
	       "\"path\":\"\\\"@include \\\"/etc/passwd\\\"\","
	       "\"big\":5000000000," RTP TAIL);
}

static void test_refuses_what_is_no_file(void **state)
{
	struct fix *f = *state;
	char *why = NULL;
	json_t *cfg = NULL;
	char *text;

	assert_int_equal(config_load(&cfg, f->other, opts, &why), ENOENT);
	assert_non_null(strstr(why, "y.jcfg: no such file"));
	g_free(why);
	assert_int_equal(config_load(&cfg, f->dir, opts, &why), EINVAL);
	g_free(why);
	assert_int_equal(mkfifo(f->other, 0600), 0);
	assert_int_equal(config_load(&cfg, f->other, opts, &why), EINVAL);
	g_free(why);

	text = g_strnfill(1024 * 1024 + 5, '\n');
	fails(f, text, "x.jcfg:1: larger than 1 MiB");
	g_free(text);
	text = g_strnfill(200, '(');
	memcpy(text, "path = ", 7);
	assert_true(g_file_set_contents(f->path, text, -1, NULL));
	assert_int_equal(config_load(&cfg, f->path, opts, &why), EINVAL);
	g_free(why);
	g_free(text);
	assert_null(cfg);
}

static void test_depth_is_bounded(void **state)
{
	GString *text = g_string_new("path = ");
	int i;

	for (i = 0; i < 300; ++i)
		g_string_append_c(text, '(');
	for (i = 0; i < 300; ++i)
		g_string_append_c(text, ')');
	fails(*state, text->str,
	      "x.jcfg:1: path[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]"
	      ": nested too deeply");
	g_string_free(text, TRUE);
}

static void test_sample_holds_every_key(void **state)
{
	char *text = config_sample(opts, "Bifrons");

	assert_string_equal(text, "# Bifrons\n"
				  "\n"
				  "# How much is logged. One of: info, debug.\n"
				  "level = \"info\"\n"
				  "\n"
				  "on = false\n"
				  "\n"
				  "# Where the \"data\" lies.\n"
				  "#path = \"\"\n"
				  "\n"
				  "big = 5000000000L\n"
				  "\n"
				  "# Sound over the network.\n"
				  "rtp: {\n"
				  "\t# First port for RTP. 1024..65534.\n"
				  "\tport_min = 20000\n"
				  "\n"
				  "\t# 0..2.\n"
				  "\tratio = 0.5\n"
				  "}\n"
				  "\n"
				  "#tls: {\n"
				  "\t# Required.\n"
				  "\t#cert = \"\"\n"
				  "\n"
				  "\t#verify = true\n"
				  "#}\n"
				  "\n"
				  "# Proxies in front. 0..2 items.\n"
				  "# Each item is a group { ... } of:\n"
				  "#   host: Required.\n"
				  "#   port: 0..65535. Default 5060.\n"
				  "proxies = ()\n"
				  "\n"
				  "# 0..4 items.\n"
				  "allowed = ( \"127.0.0.1\", \"::1\" )\n");
	/* and says the same as no file at all */
	passes(*state, text,
	       "{\"level\":\"info\",\"on\":false,\"big\":5000000000," RTP TAIL);
	g_free(text);
}

static void test_sample_wraps_its_comments(void **state)
{
	static const struct opt one[] = {
		{.name = "x",
		 .type = OPT_INT,
		 .min = 1,
		 .max = 2,
		 .def = "1",
		 .doc = "A long description that says what it is for, in "
			"seconds, and why one would like to change it at "
			"all."},
		OPT_END,
	};
	char *text = config_sample(one, "T");
	char **lines = g_strsplit(text, "\n", -1);
	char **l;

	for (l = lines; *l; ++l)
		assert_in_range(strlen(*l), 0, 80);
	assert_non_null(strstr(text, "\n# A long"));
	assert_non_null(strstr(text, "1..2.\nx = 1\n"));
	g_strfreev(lines);
	g_free(text);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_empty_file_has_the_defaults),
		T(test_reads_every_type),
		T(test_faults_name_file_line_and_key),
		T(test_types_are_strict),
		T(test_syntax_errors_have_a_line),
		T(test_includes_from_beside),
		T(test_includes_nothing_else),
		T(test_what_is_no_include),
		T(test_refuses_what_is_no_file),
		T(test_depth_is_bounded),
		T(test_sample_holds_every_key),
		T(test_sample_wraps_its_comments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
