/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "actions/actions.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"
#include "media/tone.h"

#define ACTION(name) &action_##name,
const struct action_type *const action_types[] = {
#include "actions/action_list.h"
	NULL,
};
#undef ACTION

const char *action_check_keys(const char *value)
{
	if (value[strspn(value, "0123456789ABCD*#")])
		return "must be made of the keys 0-9, A-D, * and #";

	return NULL;
}

const char *action_check_url(const char *value)
{
	const char *why = "not a tone";

	if (!str_starts(value, "tone:"))
		return "not supported yet: only tone: (such as "
		       "\"tone:440+480/2000,0/4000\")";

	return tone_parse(NULL, value, &why) ? why : NULL;
}

const char *action_check_variable(const char *value)
{
	if (!flow_var_name_is_valid(value))
		return "must be a name of letters, digits, '_', '-' and '.'";

	return NULL;
}

void action_need_bare(const json_t *option, const char *name,
		      const char *pointer, struct opt_faults *faults)
{
	char ptr[256];

	if (!strstr(json_str(option, name, ""), "${"))
		return;
	str_copy(ptr, sizeof(ptr), pointer);
	json_pointer_add(ptr, sizeof(ptr), name);
	opt_fault(faults, ptr, "must be the bare name, without \"${\"");
}
