/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/connect_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "call/call_priv.h"
#include "common/json.h"
#include "common/obj.h"

#define WAITS "{'type':'sleep','option':{'duration_ms':3600000}}"

void connect_fake_setup(struct connect_fake *cf, const char *account,
			bool answered)
{
	memset(cf, 0, sizeof(*cf));
	call_fake_setup(&cf->fake,
			answered ? "[{'type':'answer'}," WAITS "]"
				 : "[" WAITS "]",
			account, NULL, 0);
	call_fake_route(&cf->fake, 0, 0, "192.0.2.9:5060");
	cf->caller = call_fake_call(&cf->fake, &cf->leg);
	g_strlcpy(cf->caller_id, call_id(cf->caller), ID_SIZE);
	if (answered)
		call_fake_answered(&cf->leg);
	cf->prm.timeout_ms = 60000;
	cf->prm.anonymous = "auto";
}

void connect_fake_teardown(struct connect_fake *cf)
{
	unsigned i;

	for (i = 0; i < cf->fake.ndialed; ++i)
		if (cf->fake.dialed[i].leg.media)
			call_fake_closed(&cf->fake.dialed[i]);
	if (cf->leg.leg.media)
		call_fake_closed(&cf->leg);
	call_fake_pass(&cf->fake, 1000);
	assert_int_equal(call_table_count(cf->fake.table), 0);
	json_decref(cf->destinations);
	obj_unref(cf->confirm);
	call_fake_teardown(&cf->fake);
}

int connect_fake_start(struct connect_fake *cf, const char *destinations)
{
	char **words = g_strsplit(destinations, " ", 0);
	unsigned i;
	int err;

	json_decref(cf->destinations);
	cf->destinations = json_array();
	for (i = 0; words[i]; ++i)
		json_array_append_new(cf->destinations, json_string(words[i]));
	g_strfreev(words);
	cf->prm.destinations = cf->destinations;
	cf->prm.confirm = cf->confirm;
	cf->code = NULL;
	err = call_flow_host.connect(cf->caller, &cf->prm, &cf->code);
	call_fake_pass(&cf->fake, 0);

	return err;
}

static const json_t *doc_of(const struct connect_fake *cf, const char *id)
{
	const json_t *doc =
		json_object_get(json_object_get(cf->fake.rows, id), "doc");

	assert_non_null(doc);

	return doc;
}

const json_t *connect_fake_doc(const struct connect_fake *cf, unsigned n)
{
	assert_true(n < cf->fake.ndialed);

	return doc_of(cf, cf->fake.dialed[n].leg.call_id);
}

const json_t *connect_fake_caller(const struct connect_fake *cf)
{
	return doc_of(cf, cf->caller_id);
}

const char *connect_fake_result(struct connect_fake *cf)
{
	char *result = cf->result;
	json_t *notes;
	size_t i;
	int code, ms;
	char status[16];

	call_fake_pass(&cf->fake, 0);
	notes = call_timeline(cf->caller);
	result[0] = '\0';
	for (i = json_array_size(notes); i-- > 0 && !*result;) {
		const char *text =
			json_str(json_array_get(notes, i), "text", "");

		if (sscanf(text, "connect: %15[a-z], %d, after %d ms together",
			   status, &code, &ms) == 3)
			g_snprintf(result, sizeof(cf->result), "%s %d %d",
				   status, code, ms);
	}
	json_decref(notes);

	return result;
}

void connect_fake_check_end(const struct connect_fake *cf, unsigned n,
			    const char *expected)
{
	const json_t *hangup =
		json_object_get(connect_fake_doc(cf, n), "hangup");
	char *text = g_strdup_printf("%s %s %s", json_str(hangup, "by", ""),
				     json_str(hangup, "reason", ""),
				     json_str(hangup, "code", "-"));

	assert_string_equal(text, expected);
	g_free(text);
}

bool connect_fake_is_bridged(const struct connect_fake *cf, unsigned n)
{
	return cf->leg.media.peer == &cf->fake.dialed[n].media;
}
