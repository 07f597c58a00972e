/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a fuzz target over its seeds, without a fuzzer: `make check` does it
 * in every build, so that a crash once found stays found. Its seeds lie in
 * tests/fuzz/seeds/NAME of fuzz_NAME; or name files on the command line.
 */
#include <dirent.h>
#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int run_file(const char *path)
{
	GError *gerr = NULL;
	char *text = NULL;
	uint8_t *data;
	gsize size = 0;

	if (!g_file_get_contents(path, &text, &size, &gerr)) {
		printf("not ok - %s\n", gerr->message);
		g_error_free(gerr);
		return 1;
	}

	/* exactly so long, for the address sanitizer */
	data = malloc(size ? size : 1);
	if (data && size)
		memcpy(data, text, size);
	g_free(text);

	printf("# %s\n", path);
	(void)fflush(stdout);
	if (data)
		(void)LLVMFuzzerTestOneInput(data, size);
	free(data);

	return 0;
}

static int run_folder(const char *path)
{
	unsigned count = 0;
	struct dirent *ent;
	int fails = 0;
	DIR *dir;

	dir = opendir(path);
	if (!dir) {
		printf("1..1\nnot ok 1 - no seeds in %s\n", path);
		return 1;
	}

	while ((ent = readdir(dir)) != NULL) {
		char *file;

		if (ent->d_name[0] == '.')
			continue;
		file = g_build_filename(path, ent->d_name, NULL);
		fails += run_file(file);
		++count;
		g_free(file);
	}
	(void)closedir(dir);

	printf("1..1\n%sok 1 - %u seeds\n", count && !fails ? "" : "not ",
	       count);

	return count && !fails ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *srcdir = g_getenv("BIFRONS_SRCDIR");
	const char *name = strrchr(argv[0], '/');
	int i, fails = 0;
	char *path;

	if (argc > 1) {
		for (i = 1; i < argc; ++i)
			fails += run_file(argv[i]);
		return fails ? 1 : 0;
	}

	name = name ? name + 1 : argv[0];
	if (g_str_has_prefix(name, "fuzz_"))
		name += strlen("fuzz_");
	path = g_build_filename(srcdir ? srcdir : ".", "tests", "fuzz", "seeds",
				name, NULL);
	fails = run_folder(path);
	g_free(path);

	return fails;
}
