/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a browser dials: its own flow, its domain's, or one of our numbers */
#include <errno.h>
#include <string.h>

#include "common/str.h"
#include "webrtc/wrtc_priv.h"

enum {
	VISUAL_MAX = 64
};

/* "tel:", "sip:" and "extension:" in front say what the rest is */
static const char *split_type(const char *text, const char **typep)
{
	static const char *const types[] = {"tel", "sip", "extension"};
	size_t i, len;

	for (i = 0; i < G_N_ELEMENTS(types); ++i) {
		len = strlen(types[i]);
		if (!strncmp(text, types[i], len) && text[len] == ':') {
			*typep = types[i];
			return text + len + 1;
		}
	}
	*typep = NULL;

	return text;
}

/* A number as people write it: "+45 20 12-34 (56)" */
static bool is_number(const char *text)
{
	const size_t len = strlen(text);

	return len && len < VISUAL_MAX && strpbrk(text, "0123456789*#") &&
	       strspn(text, "+0123456789*#-. ()/") == len;
}

static void normalise(struct wrtc_dial *dial, const char *text,
		      const struct dir_account *account)
{
	char digits[VISUAL_MAX];
	size_t n = 0;

	for (; *text && n + 1 < sizeof(digits); ++text)
		if (!strchr("-. ()/", *text))
			digits[n++] = *text;
	digits[n] = '\0';
	directory_normalise(dial->destination, sizeof(dial->destination),
			    digits, DIR_NATIONAL,
			    account ? account->country : NULL);
}

/* The part before '@', which is what /numbers know names by */
static const struct dir_number *find_number(const struct wrtc *gw,
					    const struct wrtc_dial *dial,
					    const char *account_id)
{
	char *user =
		g_strndup(dial->destination, strcspn(dial->destination, "@;"));
	const struct dir_number *number =
		directory_number(gw->dir, user, account_id);

	g_free(user);

	return number;
}

static const char *given(const char *flow_id)
{
	return *flow_id ? flow_id : NULL;
}

int wrtc_dial(struct wrtc_dial *dial, const struct wrtc *gw,
	      const struct dir_extension *ext, const char *destination)
{
	const struct dir_account *account =
		directory_account(gw->dir, ext->account_id);
	const struct dir_domain *domain =
		directory_domain(gw->dir, ext->domain_id);
	const struct dir_number *number;
	const char *type, *text = split_type(destination, &type);

	memset(dial, 0, sizeof(*dial));
	if (is_number(text) && (!type || str_eq(type, "tel"))) {
		type = "tel";
		normalise(dial, text, account);
	} else {
		str_copy(dial->destination, sizeof(dial->destination), text);
	}
	dial->destination_type = type ? type : "sip";

	dial->flow_id = given(ext->outgoing_flow_id);
	if (!dial->flow_id && domain)
		dial->flow_id = given(domain->outgoing_flow_id);
	if (dial->flow_id)
		return 0;

	number = find_number(gw, dial, ext->account_id);
	if (!number)
		return ENOENT;
	dial->flow_id = number->flow_id;
	dial->number_id = number->id;

	return 0;
}
