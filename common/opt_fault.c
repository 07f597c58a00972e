/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <glib.h>
#include <stdarg.h>
#include <string.h>

#include "common/json.h"
#include "common/opt_priv.h"
#include "common/str.h"

enum {
	FAULTS_MAX = 100,
	NAME_MAX_LEN = 40, /**< longer names are not compared */
	NEAR_MAX = 3,
};

__attribute__((format(printf, 3, 0))) static void
add_fault(struct opt_faults *faults, const char *pointer, const char *fmt,
	  va_list ap)
{
	char *text;
	json_t *fault;

	if (!faults)
		return;
	if (json_array_size(faults->list) >= FAULTS_MAX) {
		faults->more = true;
		return;
	}
	if (!faults->list)
		faults->list = json_array();

	text = g_strdup_vprintf(fmt, ap);
	fault = json_object();
	json_set_str(fault, "pointer", pointer);
	json_set_str(fault, "message", text);
	json_array_append_new(faults->list, fault);
	g_free(text);
}

void opt_fault(struct opt_faults *faults, const char *pointer, const char *fmt,
	       ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_fault(faults, pointer, fmt, ap);
	va_end(ap);
}

void opt_fault_once(struct opt_faults *faults, const char *pointer,
		    const char *message)
{
	const json_t *fault;
	size_t i;

	json_array_foreach(faults ? faults->list : NULL, i, fault)
	{
		if (str_eq(json_str(fault, "pointer", ""), pointer) &&
		    str_eq(json_str(fault, "message", ""), message))
			return;
	}
	opt_fault(faults, pointer, "%s", message);
}

void opt_run_fault(struct opt_check_run *run, const char *fmt, ...)
{
	va_list ap;

	run->failed = true;
	va_start(ap, fmt);
	add_fault(run->faults, run->pointer, fmt, ap);
	va_end(ap);
}

size_t opt_run_down(struct opt_check_run *run, const char *token)
{
	const size_t mark = strlen(run->pointer);

	json_pointer_add(run->pointer, sizeof(run->pointer), token);

	return mark;
}

void opt_run_up(struct opt_check_run *run, size_t mark)
{
	run->pointer[mark] = '\0';
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Edits from a to b (Levenshtein), both NAME_MAX_LEN bytes at most */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LEN + 1];
	const size_t alen = strlen(a), blen = strlen(b);
	size_t i, j;

	for (j = 0; j <= blen; ++j)
		row[j] = (unsigned)j;

	for (i = 1; i <= alen; ++i) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (j = 1; j <= blen; ++j) {
			const unsigned up = row[j];
			const unsigned swap = corner + (a[i - 1] != b[j - 1]);

			row[j] = least(swap, least(up, row[j - 1]) + 1);
			corner = up;
		}
	}

	return row[blen];
}

static bool is_near(const char *known, const char *name, size_t len)
{
	if (!known || strlen(known) > NAME_MAX_LEN)
		return false;

	/* one slip in a short name, two in a longer one */
	return distance(known, name) <= (len < 5 ? 1u : 2u);
}

void opt_run_unknown(struct opt_check_run *run, const struct opt *opts,
		     const char *name)
{
	const size_t len = strlen(name);
	const struct opt *opt;
	GString *near = NULL;
	unsigned n = 0;

	for (opt = opts; len <= NAME_MAX_LEN && opt->name; ++opt) {
		if (opt->flags & OPT_READ)
			continue;
		if (!is_near(opt->name, name, len) &&
		    !is_near(opt->alias, name, len))
			continue;
		if (!near)
			near = g_string_new(NULL);
		g_string_append_printf(near, "%s\"%s\"", n ? " or " : "",
				       opt->name);
		if (++n == NEAR_MAX)
			break;
	}

	if (near)
		opt_run_fault(run, "unknown field; did you mean %s?",
			      near->str);
	else
		opt_run_fault(run, "unknown field");
	if (near)
		g_string_free(near, TRUE);
}
