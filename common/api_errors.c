/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/api_errors.h"

#include <stddef.h>
#include <string.h>

struct api_error_info {
	const char *code;
	int status;
	const char *title;
};

#define API_ERROR_ROW(code, status, title) {#code, status, title},
static const struct api_error_info infos[API_NERRORS] = {
	{"", 200, ""}, API_ERRORS(API_ERROR_ROW)};
#undef API_ERROR_ROW

static const struct api_error_info *info_of(enum api_err err)
{
	if ((unsigned)err >= API_NERRORS)
		err = API_ERR_internal;

	return &infos[err];
}

const char *api_err_code(enum api_err err)
{
	return info_of(err)->code;
}

const char *api_err_title(enum api_err err)
{
	return info_of(err)->title;
}

int api_err_status(enum api_err err)
{
	return info_of(err)->status;
}

enum api_err api_err_by_code(const char *code)
{
	unsigned i;

	if (!code)
		return API_ERR_internal;

	for (i = API_OK + 1; i < API_NERRORS; ++i)
		if (strcmp(infos[i].code, code) == 0)
			return (enum api_err)i;

	return API_ERR_internal;
}
