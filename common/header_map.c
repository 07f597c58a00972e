/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "common/header_map.h"

#include <glib.h>
#include <string.h>

#include "common/json.h"
#include "common/str.h"

size_t header_token_len(const char *text)
{
	return strspn(text, "!#$%&'*+-.^_`|~0123456789"
			    "abcdefghijklmnopqrstuvwxyz"
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

/* On a connection that serves several customers, a field that moves the end
 * of a request would let one of them speak for the next (RFC 9112 §11.2) */
bool header_is_of_http(const char *name, size_t len)
{
	static const char *const own[] = {
		"Connection",
		"Content-Length",
		"Expect",
		"Host",
		"HTTP2-Settings",
		"Keep-Alive",
		"TE",
		"Trailer",
		"If-None-Match",
		"Proxy-Connection",
		"Proxy-Authorization",
		"Range",
		"If-Range",
		"Transfer-Encoding",
		"Upgrade",
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(own); ++i)
		if (strlen(own[i]) == len &&
		    g_ascii_strncasecmp(name, own[i], len) == 0)
			return true;

	return false;
}

static const char *check_name(const char *name, enum header_kind kind)
{
	const size_t len = header_token_len(name);

	if (!len || name[len] || len > HEADER_NAME_MAX)
		return "is no name of a header field";
	if (kind == HEADER_SIP) {
		if (len < 3 || g_ascii_strncasecmp(name, "X-", 2) != 0)
			return "must begin with X-";
		return NULL;
	}
	if (header_is_of_http(name, len) ||
	    g_ascii_strncasecmp(name, "webhook-", 8) == 0)
		return "is a field that the platform sets itself";

	return NULL;
}

static const char *check_value(const char *value)
{
	if (strstr(value, "${"))
		return NULL;
	if (strlen(value) > HEADER_VALUE_MAX)
		return "is longer than 1024 bytes";

	return opt_check_no_controls(value);
}

void header_map_check(const json_t *map, enum header_kind kind,
		      const char *pointer, struct opt_faults *faults)
{
	const char *name, *why;
	char ptr[512];
	json_t *value;

	if (json_object_size(map) > HEADER_MAP_MAX)
		opt_fault(faults, pointer, "must have at most %d members",
			  HEADER_MAP_MAX);
	json_object_foreach((json_t *)map, name, value)
	{
		why = check_name(name, kind);
		if (!why && json_is_string(value))
			why = check_value(json_string_value(value));
		if (!why)
			continue;
		str_copy(ptr, sizeof(ptr), pointer);
		json_pointer_add(ptr, sizeof(ptr), name);
		opt_fault(faults, ptr, "%s", why);
	}
}
