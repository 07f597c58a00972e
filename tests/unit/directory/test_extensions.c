/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who is meant by "1001" and "1001@acme.test" */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/obj.h"
#include "directory/directory.h"

/* ids by number: the last digits */
#define ID(n) "01900000-0000-7000-8000-0000000000" #n
#define ACC ID(01)
#define OTHER ID(02)

static struct directory *dir;

static int setup(void **state)
{
	return directory_alloc(&dir);
}

static int teardown(void **state)
{
	dir = obj_unref(dir);

	return 0;
}

static void apply(enum dir_kind kind, json_t *doc)
{
	directory_apply(dir, kind, doc);
	json_decref(doc);
}

static void put_domain(const char *id, const char *account, const char *name,
		       const char *status)
{
	apply(DIR_DOMAIN,
	      json_pack("{s:s, s:s, s:s, s:s}", "id", id, "account_id", account,
			"name", name, "status", status));
}

static void put_extension(const char *id, const char *account,
			  const char *domain, const char *extension)
{
	apply(DIR_EXTENSION,
	      json_pack("{s:s, s:s, s:s, s:s}", "id", id, "account_id", account,
			"domain_id", domain, "extension", extension));
}

static void expect_extension(const char *address, const char *account,
			     const char *want)
{
	const struct dir_extension *ext =
		directory_extension_at(dir, account, address);

	assert_string_equal(ext ? ext->id : "none", want ? want : "none");
}

static void test_by_what_is_dialled(void **state)
{
	put_domain(ID(60), ACC, "acme.test", "active");
	put_domain(ID(61), ACC, "b.test", "active");
	put_domain(ID(62), OTHER, "c.test", "active");
	put_domain(ID(63), ACC, "d.test", "pending");
	put_extension(ID(70), ACC, ID(60), "1001");
	put_extension(ID(71), ACC, ID(61), "1002");
	put_extension(ID(72), OTHER, ID(62), "1001");
	put_extension(ID(73), ACC, ID(63), "1003");

	expect_extension("1001", ACC, ID(70));
	expect_extension("1001@acme.test", ACC, ID(70));
	expect_extension("1001@ACME.test", ACC, ID(70));
	expect_extension("1001@b.test", ACC, NULL);
	expect_extension("1002", ACC, ID(71));
	expect_extension("1001", OTHER, ID(72));
	/* another account's is nobody's business */
	expect_extension("1001@c.test", ACC, NULL);
	expect_extension("1003", ACC, NULL);
	expect_extension("1003@d.test", ACC, NULL);
	expect_extension("", ACC, NULL);
	expect_extension("@acme.test", ACC, NULL);
	expect_extension("1001@", ACC, NULL);
}

static void test_one_that_moves(void **state)
{
	put_domain(ID(60), ACC, "acme.test", "active");
	put_domain(ID(61), ACC, "b.test", "active");
	put_extension(ID(70), ACC, ID(60), "1001");

	/* in two domains: it must be said which */
	put_extension(ID(74), ACC, ID(61), "1001");
	expect_extension("1001", ACC, NULL);
	expect_extension("1001@b.test", ACC, ID(74));
	/* it moves, and goes */
	put_extension(ID(74), ACC, ID(61), "1009");
	expect_extension("1001@b.test", ACC, NULL);
	expect_extension("1009@b.test", ACC, ID(74));
	directory_remove(dir, DIR_EXTENSION, ID(74));
	expect_extension("1009@b.test", ACC, NULL);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_by_what_is_dialled),
		TEST(test_one_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
