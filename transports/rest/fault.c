/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "rest/fault.h"

#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/str.h"

void rest_fault_set(struct rest_fault *fault, enum api_err err, const char *fmt,
		    ...)
{
	char text[sizeof(fault->detail)];
	char *valid;
	va_list ap;

	if (fault->err)
		return;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	/* the cut may fall into a character, and JSON takes UTF-8 only */
	valid = g_utf8_make_valid(text, -1);
	str_copy(fault->detail, sizeof(fault->detail), valid);
	while (!g_utf8_validate(fault->detail, -1, NULL))
		fault->detail[strlen(fault->detail) - 1] = '\0';
	g_free(valid);
	fault->err = err;
}

void rest_fault_clear(struct rest_fault *fault)
{
	json_decref(fault->faults.list);
	memset(fault, 0, sizeof(*fault));
}
