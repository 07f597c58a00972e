/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The boundary's parameter, a line; then a body. Whole and in pieces of any
 * size it must be the same: the parts, their data, the error. Then as a range
 * and as a file's name.
 */
#include <errno.h>
#include <glib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/str.h"
#include "rest/file_name.h"
#include "rest/multipart.h"
#include "rest/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool on_begin(void *arg, const struct multipart_part *part)
{
	GString *seen = arg;

	if (!memchr(part->name, '\0', sizeof(part->name)) ||
	    !memchr(part->file_name, '\0', sizeof(part->file_name)))
		abort();
	g_string_append_printf(seen, "<%s:%s:%d%d|", part->name,
			       part->file_name, part->is_file, part->encoded);

	return true;
}

static bool on_data(void *arg, const char *data, size_t len)
{
	g_string_append_len(arg, data, (gssize)len);

	return true;
}

static bool on_end(void *arg)
{
	g_string_append_c(arg, '>');

	return true;
}

static int run(GString *seen, const char *boundary, const char *body,
	       size_t len, size_t step)
{
	static const struct multipart_handlers handlers = {on_begin, on_data,
							   on_end};
	struct multipart *mp = multipart_new(boundary, &handlers, seen);
	size_t i;
	int err = 0;

	for (i = 0; i < len && !err; i += step)
		err = multipart_add(mp, body + i, MIN(step, len - i));
	err = multipart_end(mp);
	if (err && (err != EBADMSG || !*multipart_why(mp)))
		abort();
	multipart_free(mp);

	return err;
}

static void compare(const char *boundary, const char *body, size_t len)
{
	static const size_t steps[] = {1, 2, 3, 7, 64};
	GString *whole = g_string_new(NULL);
	const int err = run(whole, boundary, body, len, len ? len : 1);
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(steps); ++i) {
		GString *seen = g_string_new(NULL);

		if (run(seen, boundary, body, len, steps[i]) != err ||
		    !g_string_equal(seen, whole))
			abort();
		g_string_free(seen, TRUE);
	}
	g_string_free(whole, TRUE);
}

static void check_others(const char *text)
{
	char name[REST_FILE_NAME_MAX + 1], field[640];
	int64_t first = -1, len = -1;

	if (rest_range_parse(text, 1000, &first, &len) == REST_RANGE_PART &&
	    (first < 0 || len < 1 || first + len > 1000))
		abort();
	rest_file_name(name, text);
	if (!str_is_clean(name, strlen(name), false) || strpbrk(name, "/\\") ||
	    *name == '.')
		abort();
	rest_disposition(field, sizeof(field), name);
	if (!g_str_is_ascii(field) ||
	    !str_is_clean(field, strlen(field), false))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const char *end = size ? memchr(text, '\n', size) : NULL;
	char boundary[MULTIPART_BOUNDARY_MAX + 1];
	char *line, *type;

	if (!end)
		return 0;

	line = g_strndup(text, (size_t)(end - text));
	type = g_strconcat("multipart/form-data; ", line, NULL);
	if (!multipart_boundary(boundary, type))
		compare(boundary, end + 1, size - (size_t)(end + 1 - text));
	check_others(line);
	g_free(type);
	g_free(line);

	return 0;
}
