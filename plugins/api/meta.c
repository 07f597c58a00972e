/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/api_priv.h"

static const struct opt check_value[] = {{.type = OPT_BOOL}};

static const struct opt ready_opts[] = {
	{
		.name = "ready",
		.type = OPT_BOOL,
		.flags = OPT_READ,
		.doc = "May calls come?",
	},
	{
		.name = "checks",
		.type = OPT_MAP,
		.flags = OPT_READ,
		.sub = check_value,
		.doc = "What it depends on.",
	},
	OPT_END,
};

static json_t *read_ready(struct req *req)
{
	const struct api_env *env = &req->api->env;
	json_t *checks = json_object();
	const bool ready = !env->ready || env->ready(env->arg, checks);

	return api_ok(
		json_pack("{s:b, s:o}", "ready", ready, "checks", checks));
}

static json_t *read_metrics(struct req *req)
{
	const struct api_env *env = &req->api->env;
	char *text = env->metrics ? env->metrics(env->arg) : NULL;
	json_t *ok = json_object();

	json_object_set_new(ok, "text", json_string(text ? text : ""));
	g_free(text);

	return api_ok(ok);
}

static json_t *read_openapi(struct req *req)
{
	return api_ok(api_openapi());
}

const struct verb api_verb_meta_openapi = {
	.summary = "This description (OpenAPI 3.1)",
	.read = read_openapi,
};

const struct verb api_verb_meta_ready = {
	.summary = "May calls come?",
	.about = "503 while starting, draining or stopping.",
	.reply = ready_opts,
	.reply_name = "Readiness",
	.read = read_ready,
};

const struct verb api_verb_meta_metrics = {
	.summary = "Figures in Prometheus's text format",
	.about = "From local addresses, or with the scope `metrics`.",
	.read = read_metrics,
};
