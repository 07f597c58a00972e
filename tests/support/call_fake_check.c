/* SPDX-License-Identifier: GPL-3.0-or-later */

/* What was committed, as tests look at it */

#include "support/call_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/json.h"
#include "common/str.h"

char *call_fake_story(const struct call_fake *fake)
{
	GString *out = g_string_new(NULL);
	json_t *doc, *seqs = json_object();
	size_t i;

	json_array_foreach(fake->log, i, doc)
	{
		const char *id = json_str(doc, "call_id", "");
		const int64_t seq = json_int(seqs, id, 0) + 1;

		assert_int_equal(json_int(doc, "sequence", 0), seq);
		json_object_set_new(seqs, id, json_integer(seq));
		g_string_append_printf(out, "%s%s", i ? " " : "",
				       json_str(doc, "type", "?"));
	}
	json_decref(seqs);

	return g_string_free(out, FALSE);
}

const json_t *call_fake_event(const struct call_fake *fake, const char *type)
{
	size_t i = json_array_size(fake->log);

	while (i-- > 0) {
		const json_t *doc = json_array_get(fake->log, i);

		if (strcmp(json_str(doc, "type", ""), type) == 0)
			return json_object_get(doc, "data");
	}

	return NULL;
}

const json_t *call_fake_row(const struct call_fake *fake)
{
	void *iter = json_object_iter(fake->rows);

	return json_object_iter_value(iter);
}

void call_fake_check_story(const struct call_fake *fake, const char *expected)
{
	char *story = call_fake_story(fake);

	assert_string_equal(story, expected);
	g_free(story);
}

void call_fake_check_hangup(const struct call_fake *fake, const char *by,
			    const char *reason, const char *code, int sip_code)
{
	const json_t *hangup =
		json_object_get(call_fake_event(fake, "call.ended"), "hangup");

	assert_string_equal(json_str(hangup, "by", ""), by);
	assert_string_equal(json_str(hangup, "reason", ""), reason);
	assert_string_equal(json_str(hangup, "code", "-"), code);
	assert_int_equal(json_int(hangup, "sip_code", 0), sip_code);
}

const json_t *call_fake_attempt(const struct call_fake *fake, size_t i)
{
	return json_array_get(
		json_object_get(call_fake_event(fake, "call.ended"),
				"attempts"),
		i);
}
