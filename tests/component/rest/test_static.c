/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The web pages, over HTTP: what is there, what is not, and no way out */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "support/rest_rig.h"

static struct rest_rig rig;
static char *root;

static void put(const char *name, const char *text)
{
	char *path = g_build_filename(root, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(path);
}

static void remove_one(const char *name)
{
	char *path = g_build_filename(root, name, NULL);

	(void)g_remove(path);
	g_free(path);
}

static int setup(void **state)
{
	char *assets, *link;

	rest_rig_init(&rig);
	root = g_build_filename(rig.dir, "web", NULL);
	assets = g_build_filename(root, "assets", NULL);
	assert_int_equal(g_mkdir_with_parents(assets, 0700), 0);
	put("phone.html", "<!doctype html>phone");
	put("secret.txt", "not yours");
	put("assets/app-1a2b.js", "1;");
	put("assets/app-1a2b.css", "a{}");
	put("assets/icon.svg", "<svg/>");
	put("assets/.hidden.js", "no");
	put("assets/odd.conf", "no");
	link = g_build_filename(assets, "link.txt", NULL);
	assert_int_equal(symlink("../secret.txt", link), 0);
	g_free(link);
	link = g_build_filename(assets, "dir.js", NULL);
	assert_int_equal(g_mkdir(link, 0700), 0);
	g_free(link);
	g_free(assets);
	rig.cfg.web_root = root;
	rest_rig_start(&rig);

	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = {
		"phone.html",         "secret.txt",
		"assets/app-1a2b.js", "assets/app-1a2b.css",
		"assets/icon.svg",    "assets/.hidden.js",
		"assets/odd.conf",    "assets/link.txt",
		"assets/dir.js",      "assets",
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(names); ++i)
		remove_one(names[i]);
	(void)g_rmdir(root);
	g_free(root);
	rest_rig_close(&rig);

	return 0;
}

static void get(struct rest_result *res, const char *target, const char *lines)
{
	rest_rig_ask(&rig, res, "GET", target, lines, NULL);
}

static void assert_field(const struct rest_result *res, const char *name,
			 const char *want)
{
	char *value = rest_result_field(res, name);

	assert_non_null(value);
	assert_non_null(strstr(value, want));
	g_free(value);
}

static void test_the_page(void **state)
{
	struct rest_result res;

	get(&res, "/phone", NULL);
	assert_int_equal(res.status, 200);
	assert_string_equal(res.body, "<!doctype html>phone");
	assert_field(&res, "Content-Type", "text/html");
	assert_field(&res, "Cache-Control", "no-cache");
	assert_field(&res, "Content-Security-Policy", "connect-src 'self' ws:");
	assert_field(&res, "X-Content-Type-Options", "nosniff");
	rest_result_clear(&res);
}

static void test_assets_are_kept(void **state)
{
	static const struct {
		const char *target, *type;
	} files[] = {
		{"/assets/app-1a2b.js", "text/javascript"},
		{"/assets/app-1a2b.css", "text/css"},
		{"/assets/icon.svg", "image/svg+xml"},
	};
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(files); ++i) {
		get(&res, files[i].target, NULL);
		assert_int_equal(res.status, 200);
		assert_field(&res, "Content-Type", files[i].type);
		assert_field(&res, "Cache-Control", "immutable");
		rest_result_clear(&res);
	}
}

static void test_a_known_tag_gets_304(void **state)
{
	struct rest_result res;
	char *etag, *lines;

	get(&res, "/phone", NULL);
	etag = rest_result_field(&res, "ETag");
	rest_result_clear(&res);
	assert_non_null(etag);

	lines = g_strdup_printf("If-None-Match: W/\"x\", %s\r\n", etag);
	get(&res, "/phone", lines);
	assert_int_equal(res.status, 304);
	assert_int_equal(res.len, 0);
	rest_result_clear(&res);

	put("phone.html", "<!doctype html>another");
	get(&res, "/phone", lines);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
	put("phone.html", "<!doctype html>phone");
	g_free(lines);
	g_free(etag);
}

static void test_no_way_out(void **state)
{
	static const char *const targets[] = {
		"/assets/..%2fsecret.txt",
		"/assets/%2e%2e%2fsecret.txt",
		"/assets/../secret.txt",
		"/assets/..",
		"/assets/%2e%2e",
		"/assets//etc/passwd",
		"/assets/%2fetc%2fpasswd",
		"/assets/link.txt",
		"/assets/dir.js",
		"/assets/.hidden.js",
		"/assets/odd.conf",
		"/assets/none.js",
		"/assets/",
		"/assets",
		"/phone/",
		"/phone.html",
		"/secret.txt",
	};
	struct rest_result res;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(targets); ++i) {
		get(&res, targets[i], NULL);
		if (res.status != 404 && res.status != 400)
			print_error("%s: %d\n", targets[i], res.status);
		assert_true(res.status == 404 || res.status == 400);
		assert_null(res.body ? strstr(res.body, "not yours") : NULL);
		rest_result_clear(&res);
	}
}

static void test_only_reading(void **state)
{
	struct rest_result res;

	rest_rig_ask(&rig, &res, "POST", "/phone", REST_JSON, "{}");
	assert_int_equal(res.status, 405);
	assert_field(&res, "Allow", "GET, HEAD");
	rest_result_clear(&res);
	rest_rig_ask(&rig, &res, "HEAD", "/phone", NULL, NULL);
	assert_int_equal(res.status, 200);
	rest_result_clear(&res);
}

static void test_without_a_folder(void **state)
{
	struct rest_result res;
	char *old = g_strdup_printf("%s.away", root);

	assert_int_equal(g_rename(root, old), 0);
	get(&res, "/phone", NULL);
	assert_int_equal(res.status, 404);
	assert_string_equal(rest_result_str(&res, "code"), "not_found");
	rest_result_clear(&res);
	assert_int_equal(g_rename(old, root), 0);
	g_free(old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_page),
		cmocka_unit_test(test_assets_are_kept),
		cmocka_unit_test(test_a_known_tag_gets_304),
		cmocka_unit_test(test_no_way_out),
		cmocka_unit_test(test_only_reading),
		cmocka_unit_test(test_without_a_folder),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
