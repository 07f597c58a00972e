/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/addresses.h"

#include <stdio.h>
#include <string.h>

#include "common/address.h"
#include "common/json.h"
#include "common/str.h"

enum {
	POINTER_SIZE = 512,
};

const struct opt addresses_item = {
	.type = OPT_ANY,
	.doc = "A text, or an object.",
};

static bool has_expression(const json_t *in)
{
	const char *key;
	json_t *value;

	if (json_is_string(in))
		return strstr(json_string_value(in), "${");
	json_object_foreach((json_t *)in, key, value)
	{
		if (json_is_string(value) &&
		    strstr(json_string_value(value), "${"))
			return true;
	}

	return false;
}

static void check_one(const json_t *in, const char *pointer,
		      struct opt_faults *faults)
{
	struct address addr;

	if (!has_expression(in))
		(void)address_read(&addr, in, pointer, faults);
	else if (json_is_object(in))
		(void)opt_check(NULL, address_opts, in, OPT_MODE_FLOW, false,
				pointer, faults);
}

void addresses_check(const json_t *option, const char *pointer,
		     struct opt_faults *faults)
{
	const json_t *source = json_object_get(option, "source");
	char base[POINTER_SIZE], ptr[POINTER_SIZE], token[24];
	json_t *item;
	size_t i;

	str_copy(base, sizeof(base), pointer);
	if (source) {
		str_copy(ptr, sizeof(ptr), base);
		json_pointer_add(ptr, sizeof(ptr), "source");
		check_one(source, ptr, faults);
	}

	json_pointer_add(base, sizeof(base), "destinations");
	json_array_foreach(json_object_get(option, "destinations"), i, item)
	{
		snprintf(token, sizeof(token), "%zu", i);
		str_copy(ptr, sizeof(ptr), base);
		json_pointer_add(ptr, sizeof(ptr), token);
		check_one(item, ptr, faults);
	}
}

static json_t *read_one(const json_t *in)
{
	struct opt_faults faults = {0};
	struct address addr;
	json_t *out = NULL;

	if (!address_read(&addr, in, "", &faults))
		out = address_json(&addr);
	json_decref(faults.list);

	return out;
}

json_t *addresses_source(const json_t *option)
{
	const json_t *in = json_object_get(option, "source");

	return in ? read_one(in) : NULL;
}

json_t *addresses_destinations(const json_t *option)
{
	json_t *out = json_array(), *item;
	size_t i;

	json_array_foreach(json_object_get(option, "destinations"), i, item)
		json_array_append_new(out, read_one(item));

	return out;
}
