/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is asked of a web server: a file, or speech (OpenAI-style) */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clip/clip_priv.h"
#include "common/json.h"
#include "common/str.h"

enum {
	REDIRECTS = 5,
	FILE_TIMEOUT_MS = 600000,
	SPEECH_TIMEOUT_MS = 60000,
};

bool clip_is_fetched(const struct clip_what *what)
{
	return what->url || str_eq(what->provider, "http");
}

/* ---- SSML for those who do not read it ---- */

static const struct {
	const char *name;
	char sign;
} entities[] = {
	{"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
	{"&quot;", '"'}, {"&apos;", '\''},
};

/* @return How much of the text was taken */
static size_t add_entity(GString *out, const char *text)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(entities); ++i) {
		if (!str_starts(text, entities[i].name))
			continue;
		g_string_append_c(out, entities[i].sign);
		return strlen(entities[i].name);
	}
	g_string_append_c(out, '&');

	return 1;
}

static char *plain_text(const char *text)
{
	GString *out;

	if (!str_starts(text, "<speak"))
		return g_strdup(text);

	out = g_string_new(NULL);
	while (*text) {
		if (*text == '<') {
			text += strcspn(text, ">");
			text += *text == '>';
			g_string_append_c(out, ' ');
		} else if (*text == '&') {
			text += add_entity(out, text);
		} else {
			g_string_append_c(out, *text++);
		}
	}

	return g_string_free(out, FALSE);
}

/* ---- requests ---- */

static int make_speech(struct clip_request *req, const struct clip *clip)
{
	const struct clips *clips = clip->clips;
	const struct clip_what *what = &clip->what;
	json_t *doc;
	char *input, *text;
	size_t n = 0;

	if (!clips->tts_url)
		return ENOTSUP;

	input = plain_text(what->text);
	doc = json_object();
	json_set_str(doc, "model", clips->tts_model);
	json_set_str(doc, "voice", what->voice ? what->voice : "alloy");
	json_set_str(doc, "input", input);
	json_set_str(doc, "response_format", "wav");
	text = json_text(doc);
	req->body = g_strdup(text);
	free(text);
	g_free(input);
	json_decref(doc);

	req->url = g_strconcat(clips->tts_url,
			       g_str_has_suffix(clips->tts_url, "/") ? "" : "/",
			       "v1/audio/speech", NULL);
	req->headers[n++] = "Content-Type: application/json";
	if (clips->tts_key) {
		req->auth = g_strconcat("Authorization: Bearer ",
					clips->tts_key, NULL);
		req->headers[n++] = req->auth;
	}
	req->prm = (struct fetch_params){
		.url = req->url,
		.method = "POST",
		.headers = req->headers,
		.body = req->body,
		.body_len = strlen(req->body),
		.timeout_ms = SPEECH_TIMEOUT_MS,
	};

	return 0;
}

int clip_request_make(struct clip_request *req, const struct clip *clip)
{
	int err = 0;

	memset(req, 0, sizeof(*req));
	if (clip->what.url) {
		req->prm.url = clip->what.url;
		req->prm.if_none_match = clip->kept ? clip->etag : NULL;
		req->prm.timeout_ms = FILE_TIMEOUT_MS;
		req->prm.redirects = REDIRECTS;
	} else {
		err = make_speech(req, clip);
	}
	req->prm.max_bytes = clip->clips->fetch_max;

	return err;
}

void clip_request_free(struct clip_request *req)
{
	g_free(req->url);
	g_free(req->body);
	g_free(req->auth);
}

/* ---- answers ---- */

/* Those of fetch.h; what a flow need not tell apart has one name */
static const struct {
	const char *theirs, *ours;
} codes[] = {
	{"timeout", "timeout"},
	{"too_large", "too_large"},
	{"forbidden_address", "forbidden_address"},
	{"too_many_redirects", "http_status"},
	{"storage_failed", "busy"},
	{"canceled", "canceled"},
};

static const char *fetch_code(const char *code)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(codes); ++i)
		if (str_eq(codes[i].theirs, code))
			return codes[i].ours;

	return "unreachable";
}

int clip_request_judge(const struct clip *clip, const struct fetch_result *res,
		       struct clip_fault *fault, bool *passingp)
{
	char *label = clip->what.url ? clip_label(clip->what.url)
				     : g_strdup("the speech provider");
	const char *code;

	*passingp = false;
	if (res->err || res->code) {
		code = fetch_code(res->code);
		*passingp = !str_eq(code, "forbidden_address") &&
			    !str_eq(code, "too_large");
		clip_fault_set(fault, res->err, code, "%s: %s", label,
			       res->why ? res->why : "no answer");
	} else if ((res->status < 200 || res->status > 299) &&
		   !(res->status == 304 && clip->kept)) {
		*passingp = res->status >= 500 || res->status == 429 ||
			    res->status == 408;
		clip_fault_set(fault, EPROTO, "http_status", "%s: status %d",
			       label, res->status);
	}
	g_free(label);

	return fault->code ? fault->err : 0;
}
