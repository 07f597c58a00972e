/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Expressions: what the check takes, expands, to something bounded; what it
 * does not take, does not. A filtered value holds nothing that it must not.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "flow/flow_expr.h"
#include "flow/flow_vars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool right)
{
	if (!right)
		abort();
}

static bool lookup(void *arg, const char *name, GString *out, bool *secretp)
{
	const char *text = arg;
	size_t i;

	must(flow_var_name_is_valid(name));
	if (strcmp(name, "self") == 0)
		g_string_append(out, text);
	else if (strcmp(name, "odd") == 0)
		g_string_append(out, "<&>\"' %/?\xc3\xa6\xff");
	else if (strcmp(name, "big") == 0)
		for (i = 0; i < 4096; ++i)
			g_string_append(out, "0123456789abcdef");
	else
		return false;
	*secretp = name[0] == 's';

	return true;
}

static void expand(const char *text)
{
	const bool dynamic = flow_expr_is_dynamic(text);
	struct flow_expr expr = {.lookup = lookup, .arg = (void *)text};
	GString *out = g_string_new(NULL);
	const int err = flow_expr_expand(&expr, text, out);

	if (flow_expr_check(text))
		must(err != 0 && dynamic);
	else
		must(err == 0 || err == EOVERFLOW);
	if (!err)
		must(out->len <= FLOW_EXPR_MAX_BYTES);
	if (!err && !dynamic)
		must(strcmp(out->str, text) == 0);
	g_string_free(out, TRUE);
}

/* The text as a default behind a filter: every byte of it passes */
static void filter(const char *text, const char *name)
{
	struct flow_expr expr = {.lookup = lookup, .arg = (void *)text};
	char *whole = g_strdup_printf("${self|%s}", name);
	GString *out = g_string_new(NULL);

	must(flow_expr_expand(&expr, whole, out) == 0);
	must(expr.secret);
	must(!strpbrk(out->str, strcmp(name, "url") ? "<>\"'" : " <>\"'/?&"));
	g_string_free(out, TRUE);
	g_free(whole);
}

static void eval(const char *text)
{
	struct flow_expr expr = {.lookup = lookup, .arg = (void *)text};
	json_t *in = json_pack("{s:[s,i]}", "a", text, 1), *out = NULL;

	if (!in)
		return; /* not UTF-8 */
	if (flow_expr_eval(&expr, in, &out) == 0)
		must(json_array_size(json_object_get(out, "a")) == 2);
	json_decref(in);
	json_decref(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text;

	if (size > 16384)
		return 0;
	text = g_strndup((const char *)data, size);
	expand(text);
	filter(text, "url");
	filter(text, "ssml");
	eval(text);
	g_free(text);

	return 0;
}
