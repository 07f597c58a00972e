/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/api_priv.h"
#include <errno.h>

#include <stdarg.h>

#include "common/json.h"

json_t *api_ok(json_t *value)
{
	json_t *reply = json_object();

	json_object_set_new(reply, "ok", value);

	return reply;
}

json_t *api_error(enum api_err err, const char *detail)
{
	json_t *error = json_object(), *reply = json_object();

	json_set_str(error, "code", api_err_code(err));
	json_set_str(error, "detail", detail ? detail : api_err_title(err));
	if (api_err_status(err) == 503 || api_err_status(err) == 429)
		json_object_set_new(error, "retry_after_s", json_integer(1));
	json_object_set_new(reply, "error", error);

	return reply;
}

enum api_err api_err_of_store(int err)
{
	return err == ENOSPC ? API_ERR_disk_full : API_ERR_unavailable;
}

json_t *api_errorf(enum api_err err, const char *fmt, ...)
{
	json_t *reply;
	char *detail;
	va_list ap;

	va_start(ap, fmt);
	detail = g_strdup_vprintf(fmt, ap);
	va_end(ap);

	reply = api_error(err, detail);
	g_free(detail);

	return reply;
}

json_t *api_invalid(enum api_err err, struct opt_faults *faults)
{
	const size_t n = json_array_size(faults->list);
	const json_t *first = json_array_get(faults->list, 0);
	json_t *reply;

	reply = api_errorf(err, "%s: %s%s",
			   json_str(first, "pointer", "the input"),
			   json_str(first, "message", "is not valid"),
			   faults->more ? " (and more than 100 faults)"
			   : n > 1      ? " (and more)"
					: "");
	json_object_set_new(json_object_get(reply, "error"), "errors",
			    faults->list ? faults->list : json_array());
	faults->list = NULL;

	return reply;
}

json_t *api_fault(const char *pointer, const char *message)
{
	struct opt_faults faults = {0};

	opt_fault(&faults, pointer, "%s", message);

	return api_invalid(API_ERR_invalid, &faults);
}

enum api_err api_reply_err(const json_t *reply)
{
	const json_t *error = json_object_get(reply, "error");

	return error ? api_err_by_code(json_str(error, "code", NULL)) : API_OK;
}
