/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links that open a recording without a key, and those that do not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <string.h>

#include "common/clock.h"
#include "common/json.h"
#include "common/secret.h"
#include "common/str.h"
#include "support/api_party.h"

#define SOME_ID "01900000-0000-7000-8000-000000000000"

static struct api_party party;

static int setup(void **state)
{
	api_party_open(&party);

	return 0;
}

static int teardown(void **state)
{
	api_party_close(&party);

	return 0;
}

static json_t *open_link(const char *id, const char *expires,
			 const char *signature)
{
	const struct api_ask ask = {
		.verb = "recordings.shared",
		.id = id,
		.query = json_pack("{s:s*, s:s*}", "expires", expires,
				   "signature", signature),
	};

	return api_rig_ask(&party.rig, &ask);
}

/* As the platform signs, so that time need not pass */
static char *signature_of(const char *id, int64_t expires_s)
{
	char *text = g_strdup_printf("recording-link\n%s\n%lld", id,
				     (long long)expires_s),
	     *out;
	uint8_t mac[32];

	secret_hmac_sha256(mac, party.rig.key, sizeof(party.rig.key), text,
			   strlen(text));
	out = str_base64url(mac, sizeof(mac));
	g_free(text);

	return out;
}

static void test_links(void **state)
{
	char *id = api_party_record_stored(&party),
	     *second = api_party_record_stored(&party), *want, *expires,
	     *signature;
	const int64_t now_s = clock_wall_ms(clock_system()) / 1000;
	json_t *link, *file;
	const char *url;
	char **parts;
	size_t i;

	api_party_speak(&party);
	link = api_rig_ok(api_party_ask(&party, "recordings.link", id,
					json_pack("{s:i}", "expires_s", 60)));
	url = json_str(link, "url", "");
	want = g_strdup_printf("/v1/recordings/%s/shared?expires=", id);
	assert_true(str_starts(url, want));
	parts = g_strsplit(url + strlen(want), "&signature=", 2);
	expires = parts[0];
	signature = parts[1];
	assert_in_range(g_ascii_strtoll(expires, NULL, 10), now_s + 59,
			now_s + 120);

	/* not before it is there */
	api_party_expect(open_link(id, expires, signature), "wrong_state");
	json_decref(api_rig_ok(api_party_patch(&party, id, "finished")));
	json_decref(api_rig_ok(api_party_patch(&party, second, "finished")));
	file = api_rig_ok(open_link(id, expires, signature));
	assert_string_equal(json_str(file, "content_type", ""), "audio/ogg");
	json_decref(file);

	/* of another, for longer, or made up */
	api_party_expect(open_link(second, expires, signature), "forbidden");
	api_party_expect(open_link("x", expires, signature),
			 "recording_not_found");
	api_party_expect(open_link(id, "99999999999", signature), "forbidden");
	api_party_expect(open_link(id, "99999999999999999999999", signature),
			 "forbidden");
	api_party_expect(open_link(id, "-1", signature), "forbidden");
	api_party_expect(open_link(id, "", signature), "forbidden");
	api_party_expect(open_link(id, expires, ""), "forbidden");
	api_party_expect(open_link(id, NULL, NULL), "forbidden");
	api_party_expect(open_link(id, expires, "a"), "forbidden");
	for (i = 0; i < strlen(signature); ++i) {
		const char was = signature[i];

		/* the last one's lowest two bits mean nothing, yet count */
		signature[i] = was == 'A' ? 'B' : 'A';
		api_party_expect(open_link(id, expires, signature),
				 "forbidden");
		signature[i] = was;
	}

	/* one that was right, too late */
	g_free(want);
	want = signature_of(id, now_s - 1);
	g_free(parts[0]);
	parts[0] = g_strdup_printf("%lld", (long long)now_s - 1);
	api_party_expect(open_link(id, parts[0], want), "token_expired");

	json_decref(api_rig_ok(
		api_party_ask(&party, "recordings.delete", id, NULL)));
	g_free(parts[0]);
	parts[0] = g_strdup_printf("%lld", (long long)now_s + 60);
	g_free(want);
	want = signature_of(id, now_s + 60);
	api_party_expect(open_link(id, parts[0], want), "recording_not_found");
	g_strfreev(parts);
	g_free(want);
	json_decref(link);
	g_free(id);
	g_free(second);
}

static void test_link_bounds(void **state)
{
	char *id = api_party_record_stored(&party);

	api_party_expect(api_party_ask(&party, "recordings.link", id,
				       json_pack("{s:i}", "expires_s", 0)),
			 "invalid");
	api_party_expect(
		api_party_ask(&party, "recordings.link", id,
			      json_pack("{s:i}", "expires_s", 2592001)),
		"invalid");
	api_party_expect(
		api_party_ask(&party, "recordings.link", SOME_ID, NULL),
		"recording_not_found");
	json_decref(
		api_rig_ok(api_party_ask(&party, "recordings.link", id, NULL)));
	g_free(id);
}

#define WITH_CALL(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_CALL(test_links),
		WITH_CALL(test_link_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
