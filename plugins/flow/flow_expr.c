/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "flow/flow_expr.h"

#include <errno.h>
#include <string.h>

#include "flow/flow_vars.h"

enum filter {
	FILTER_NONE,
	FILTER_URL,
	FILTER_SSML,
};

/** One "${…}", its parts pointing into the text */
struct part {
	char name[FLOW_VAR_NAME_MAX + 1];
	enum filter filter;
	const char *def; /**< or NULL */
	size_t def_len;
	const char *end; /**< behind the '}' */
};

static const char bad_name[] = "\"${\" must be followed by a name of letters, "
			       "digits, '_', '-' and '.'";
static const char bad_end[] = "\"${\" without its \"}\"";
static const char bad_filter[] = "the filter after '|' must be url or ssml";

static const char *read_filter(const char **pp, enum filter *filterp)
{
	const char *p = *pp;
	size_t len;

	if (*p != '|')
		return NULL;
	len = strcspn(++p, ":}");
	if (len == 3 && strncmp(p, "url", len) == 0)
		*filterp = FILTER_URL;
	else if (len == 4 && strncmp(p, "ssml", len) == 0)
		*filterp = FILTER_SSML;
	else
		return bad_filter;
	*pp = p + len;

	return NULL;
}

/* Read what follows "${". @return NULL, or what is wrong */
static const char *read_part(const char *p, struct part *part)
{
	const char *wrong;
	size_t len = 0;

	memset(part, 0, sizeof(*part));
	while (g_ascii_isalnum(p[len]) || (p[len] && strchr("_-.", p[len])))
		++len;
	if (len > FLOW_VAR_NAME_MAX)
		return bad_name;
	memcpy(part->name, p, len);
	if (!flow_var_name_is_valid(part->name))
		return bad_name;
	p += len;

	wrong = read_filter(&p, &part->filter);
	if (wrong)
		return wrong;
	if (p[0] == ':' && p[1] == '-') {
		part->def = p + 2;
		part->def_len = strcspn(part->def, "}");
		p = part->def + part->def_len;
	}
	if (*p != '}')
		return strchr(p, '}') ? bad_name : bad_end;
	part->end = p + 1;

	return NULL;
}

bool flow_expr_is_dynamic(const char *text)
{
	return text && strstr(text, "${");
}

const char *flow_expr_check(const char *text)
{
	const char *p = text, *wrong;
	struct part part;

	while ((p = strchr(p, '$'))) {
		if (strncmp(p, "$${", 3) == 0) {
			p += 3;
			continue;
		}
		if (p[1] != '{') {
			++p;
			continue;
		}
		wrong = read_part(p + 2, &part);
		if (wrong)
			return wrong;
		p = part.end;
	}

	return NULL;
}

static void escape_url(GString *out, const char *text)
{
	for (; *text; ++text) {
		const unsigned char c = (unsigned char)*text;

		if (g_ascii_isalnum(c) || strchr("-._~", c))
			g_string_append_c(out, (char)c);
		else
			g_string_append_printf(out, "%%%02X", c);
	}
}

static void escape_ssml(GString *out, const char *text)
{
	for (; *text; ++text) {
		switch (*text) {
		case '&':
			g_string_append(out, "&amp;");
			break;
		case '<':
			g_string_append(out, "&lt;");
			break;
		case '>':
			g_string_append(out, "&gt;");
			break;
		case '"':
			g_string_append(out, "&quot;");
			break;
		case '\'':
			g_string_append(out, "&apos;");
			break;
		default:
			g_string_append_c(out, *text);
		}
	}
}

/* Escape what lies behind `mark` */
static void filter_tail(GString *out, size_t mark, enum filter filter)
{
	char *raw;

	if (filter == FILTER_NONE)
		return;

	raw = g_strdup(out->str + mark);
	g_string_truncate(out, mark);
	if (filter == FILTER_URL)
		escape_url(out, raw);
	else
		escape_ssml(out, raw);
	g_free(raw);
}

static void expand_part(struct flow_expr *expr, const struct part *part,
			GString *out)
{
	const size_t mark = out->len;
	bool secret = false;

	if (expr->lookup(expr->arg, part->name, out, &secret) && secret)
		expr->secret = true;
	if (out->len == mark && part->def)
		g_string_append_len(out, part->def, (gssize)part->def_len);
	filter_tail(out, mark, part->filter);
}

static bool is_over(const struct flow_expr *expr, const GString *out)
{
	return expr->used + out->len > FLOW_EXPR_MAX_BYTES;
}

int flow_expr_expand(struct flow_expr *expr, const char *text, GString *out)
{
	const char *p = text, *next;
	struct part part;

	while ((next = strchr(p, '$'))) {
		g_string_append_len(out, p, next - p);
		p = next;
		if (strncmp(p, "$${", 3) == 0) {
			g_string_append(out, "${");
			p += 3;
		} else if (p[1] == '{') {
			if (read_part(p + 2, &part))
				return EINVAL;
			expand_part(expr, &part, out);
			p = part.end;
		} else {
			g_string_append_c(out, '$');
			++p;
		}
		if (is_over(expr, out))
			return EOVERFLOW;
	}
	g_string_append(out, p);

	return is_over(expr, out) ? EOVERFLOW : 0;
}

static int eval_string(struct flow_expr *expr, const char *text, json_t **outp)
{
	GString *out;
	int err = 0;

	if (!flow_expr_is_dynamic(text)) {
		expr->used += strlen(text);
		if (expr->used > FLOW_EXPR_MAX_BYTES)
			return EOVERFLOW;
		*outp = json_string(text);
		return 0;
	}

	out = g_string_new(NULL);
	err = flow_expr_expand(expr, text, out);
	if (!err) {
		expr->used += out->len;
		*outp = json_stringn(out->str, out->len);
		if (!*outp) /* a host's name that is not UTF-8 */
			err = EINVAL;
	}
	g_string_free(out, TRUE);

	return err;
}

static int eval_array(struct flow_expr *expr, const json_t *in, json_t **outp)
{
	json_t *out = json_array(), *item, *value;
	size_t i;
	int err = 0;

	json_array_foreach(in, i, item)
	{
		err = flow_expr_eval(expr, item, &value);
		if (err)
			break;
		json_array_append_new(out, value);
	}
	if (err)
		json_decref(out);
	else
		*outp = out;

	return err;
}

static int eval_object(struct flow_expr *expr, const json_t *in, json_t **outp)
{
	json_t *out = json_object(), *item, *value;
	const char *key;
	int err = 0;

	json_object_foreach((json_t *)in, key, item)
	{
		err = flow_expr_eval(expr, item, &value);
		if (err)
			break;
		json_object_set_new(out, key, value);
	}
	if (err)
		json_decref(out);
	else
		*outp = out;

	return err;
}

int flow_expr_eval(struct flow_expr *expr, const json_t *in, json_t **outp)
{
	if (json_is_string(in))
		return eval_string(expr, json_string_value(in), outp);
	if (json_is_array(in))
		return eval_array(expr, in, outp);
	if (json_is_object(in))
		return eval_object(expr, in, outp);

	*outp = json_copy((json_t *)in);

	return 0;
}
