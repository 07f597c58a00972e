/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "webrtc/request.h"

#include <ctype.h>
#include <glib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "call/leg.h"
#include "common/id.h"
#include "common/json.h"
#include "common/obj.h"
#include "common/opt.h"
#include "common/str.h"

enum {
	SECRET_MAX = 256,
	DESTINATION_MAX = 256,
	DIGITS_MAX = 64,
	HEADERS_MAX = 24,
	HEADER_NAME_MAX = 48,
	HEADER_VALUE_MAX = 512,
	VARIABLES_MAX = 64,
	VARIABLES_BYTES = 16384,
	TRANSACTION_MAX = 256,
};

static const char *check_digits(const char *value)
{
	if (value[strspn(value, "0123456789ABCDabcd*#")])
		return "only 0-9, A-D, * and #";

	return NULL;
}

static const char *check_id(const char *value)
{
	return id_is_valid(value) ? NULL : "not an id";
}

#define AUTH_OPTS                                                              \
	{.name = "token",                                                      \
	 .type = OPT_STRING,                                                   \
	 .min = 1,                                                             \
	 .max = SECRET_MAX,                                                    \
	 .doc = "A device token."},                                            \
	{                                                                      \
		.name = "ticket", .type = OPT_STRING, .min = 1,                \
		.max = SECRET_MAX, .doc = "Of the registered device."          \
	}

static const struct opt register_opts[] = {AUTH_OPTS, OPT_END};

static const struct opt text_item = {
	.type = OPT_STRING,
	.max = VARIABLES_BYTES,
};

static const struct opt call_opts[] = {
	AUTH_OPTS,
	{
		.name = "destination",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = DESTINATION_MAX,
		.check = opt_check_no_controls,
		.doc = "What was dialled.",
	},
	{
		.name = "video",
		.type = OPT_BOOL,
		.def = "true",
		.doc = "Take the offer's video too.",
	},
	{
		.name = "headers",
		.type = OPT_MAP,
		.max = HEADERS_MAX,
		.sub = &text_item,
		.doc = "X- headers, kept with the call.",
	},
	{
		.name = "variables",
		.type = OPT_MAP,
		.max = VARIABLES_MAX,
		.sub = &text_item,
		.doc = "The flow's first variables.",
	},
	OPT_END,
};

#define CALL_ID_OPT                                                            \
	{                                                                      \
		.name = "call_id", .type = OPT_STRING, .flags = OPT_REQUIRED,  \
		.min = 1, .max = ID_SIZE - 1, .check = check_id,               \
		.doc = "As incoming_call names it."                            \
	}

static const struct opt accept_opts[] = {
	AUTH_OPTS,
	CALL_ID_OPT,
	{
		.name = "video",
		.type = OPT_BOOL,
		.def = "true",
		.doc = "Take the offer's video too.",
	},
	OPT_END,
};

static const struct opt decline_opts[] = {AUTH_OPTS, CALL_ID_OPT, OPT_END};

static const struct opt none_opts[] = {AUTH_OPTS, OPT_END};

static const struct opt dtmf_opts[] = {
	AUTH_OPTS,
	{
		.name = "digits",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = DIGITS_MAX,
		.check = check_digits,
		.doc = "0-9 A-D * #",
	},
	{
		.name = "duration_ms",
		.type = OPT_INT,
		.min = 40,
		.max = 6000,
		.def = "160",
		.doc = "Of each.",
	},
	OPT_END,
};

static const char *const directions[] = {"in", "out", "both", NULL};

static const struct opt mute_opts[] = {
	AUTH_OPTS,
	{
		.name = "direction",
		.type = OPT_STRING,
		.values = directions,
		.def = "\"in\"",
		.doc = "Seen from us: in = what the browser says.",
	},
	OPT_END,
};

static const struct {
	const char *name;
	const struct opt *opts;
	bool offers;
} verbs[WRTC_NVERBS] = {
	[WRTC_REGISTER] = {"register", register_opts, false},
	[WRTC_CALL] = {"call", call_opts, true},
	[WRTC_ACCEPT] = {"accept", accept_opts, true},
	[WRTC_DECLINE] = {"decline", decline_opts, false},
	[WRTC_HANGUP] = {"hangup", none_opts, false},
	[WRTC_DTMF] = {"dtmf", dtmf_opts, false},
	[WRTC_MUTE] = {"mute", mute_opts, false},
	[WRTC_UNMUTE] = {"unmute", mute_opts, false},
	[WRTC_HOLD] = {"hold", none_opts, false},
	[WRTC_UNHOLD] = {"unhold", none_opts, false},
};

static void fail(struct wrtc_request *req, const char *code, const char *fmt,
		 ...) __attribute__((format(printf, 3, 4)));

static void fail(struct wrtc_request *req, const char *code, const char *fmt,
		 ...)
{
	va_list ap;

	if (req->code)
		return;

	req->code = code;
	va_start(ap, fmt);
	vsnprintf(req->detail, sizeof(req->detail), fmt, ap);
	va_end(ap);
}

static bool is_header_name(const char *name)
{
	size_t i;

	if (g_ascii_strncasecmp(name, "X-", 2) || !name[2])
		return false;
	for (i = 0; name[i]; ++i)
		if (i >= HEADER_NAME_MAX || (!isalnum((unsigned char)name[i]) &&
					     !strchr("-_.", name[i])))
			return false;

	return true;
}

static void check_headers(const json_t *body, struct opt_faults *faults)
{
	const json_t *headers = json_object_get(body, "headers");
	const char *name, *text;
	json_t *value;

	json_object_foreach((json_t *)headers, name, value)
	{
		text = json_string_value(value);
		if (!is_header_name(name)) {
			opt_fault(faults, "/headers",
				  "names are X- and letters, digits, - _ .");
			return;
		}
		if (!text || strlen(text) > HEADER_VALUE_MAX ||
		    !str_is_clean(text, strlen(text), false)) {
			opt_fault(faults, "/headers",
				  "values are one line of up to %d bytes",
				  HEADER_VALUE_MAX);
			return;
		}
	}
}

static void check_variables(const json_t *body, struct opt_faults *faults)
{
	const json_t *variables = json_object_get(body, "variables");
	size_t bytes = 0;
	const char *name, *why;
	json_t *value;
	char ptr[256];

	json_object_foreach((json_t *)variables, name, value)
	{
		bytes += strlen(name) + json_string_length(value);
		why = leg_variable_fault(name);
		if (!why)
			continue;
		str_copy(ptr, sizeof(ptr), "/variables");
		json_pointer_add(ptr, sizeof(ptr), name);
		opt_fault(faults, ptr, "%s", why);
	}
	if (bytes > VARIABLES_BYTES)
		opt_fault(faults, "/variables", "at most %d bytes in all",
			  VARIABLES_BYTES);
}

static bool find_verb(struct wrtc_request *req, const char *name)
{
	unsigned i;

	for (i = 0; i < WRTC_NVERBS; ++i) {
		if (str_eq(verbs[i].name, name)) {
			req->verb = (enum wrtc_verb)i;
			return true;
		}
	}

	return false;
}

/* Secrets leave the body: their hash is all that is needed */
static void take_secret(json_t *body, const char *name,
			char hash[SECRET_SHA256_HEX])
{
	const char *text = json_str(body, name, NULL);

	if (text)
		secret_sha256_hex(hash, text, strlen(text));
	json_object_del(body, name);
}

static void read_body(struct wrtc_request *req, const json_t *message)
{
	json_t *members = json_copy((json_t *)message), *body = NULL;
	struct opt_faults faults = {0};

	json_object_del(members, "request");
	if (!opt_check(&body, verbs[req->verb].opts, members, OPT_MODE_CREATE,
		       false, "", &faults)) {
		check_headers(body, &faults);
		check_variables(body, &faults);
	}
	json_decref(members);

	if (faults.list) {
		fail(req, "invalid", "the request is not valid");
		/* what it says may quote what came */
		req->faults = faults.list;
	} else {
		req->body = body; /* copies all through */
		body = NULL;
		take_secret(req->body, "token", req->token);
		take_secret(req->body, "ticket", req->ticket);
	}
	json_decref(body);
}

static void read_offer(struct wrtc_request *req, const json_t *jsep)
{
	const json_t *sdp = json_object_get(jsep, "sdp");
	enum sdpx_result res;

	if (!verbs[req->verb].offers) {
		if (jsep)
			fail(req, "unexpected_offer",
			     "this request takes no JSEP");
		return;
	}
	if (!str_eq(json_str(jsep, "type", NULL), "offer") ||
	    !json_is_string(sdp)) {
		fail(req, "offer_missing", "a JSEP offer is required");
		return;
	}

	/* it looks at the length first */
	res = sdpx_parse(&req->offer, json_string_value(sdp),
			 json_string_length(sdp));
	if (res != SDPX_OK)
		fail(req, "offer_invalid",
		     "%s, or over %d bytes, %d lines or %d m-lines",
		     sdpx_result_text(res), SDPX_SIZE_MAX, SDPX_LINES_MAX,
		     SDPX_MEDIA_MAX);
}

struct wrtc_request *wrtc_request_read(const char *transaction,
				       const json_t *message,
				       const json_t *jsep)
{
	struct wrtc_request *req = g_new0(struct wrtc_request, 1);
	const char *name = json_str(message, "request", NULL);

	/* the core has let it through: only an absurd one is cut */
	req->transaction =
		transaction ? g_strndup(transaction, TRANSACTION_MAX) : NULL;
	if (!json_is_object(message) || !name)
		fail(req, "bad_request", "\"request\" is required");
	else if (!find_verb(req, name))
		fail(req, "unknown_request", "no such request");
	else
		read_body(req, message);
	if (!req->code)
		read_offer(req, jsep);

	return req;
}

void wrtc_request_free(struct wrtc_request *req)
{
	if (!req)
		return;

	obj_unref(req->handle);
	obj_unref(req->offer);
	json_decref(req->body);
	json_decref(req->faults);
	g_free(req->transaction);
	g_free(req);
}
