/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <math.h>
#include <string.h>

#include "mediaworker/speech.h"
#include "mediaworker/ssml.h"
#include "mediaworker/xml.h"

/* ---- parts ---- */

/* "text|text (500) [0.5x]" */
static char *parts(const char *text)
{
	GPtrArray *list = speech_parts(text);
	GString *out = g_string_new(NULL);
	guint i;

	for (i = 0; i < list->len; ++i) {
		const struct speech_part *p = g_ptr_array_index(list, i);

		if (i)
			g_string_append_c(out, '|');
		g_string_append(out, p->text);
		if (p->pause_ms)
			g_string_append_printf(out, "(%u)", p->pause_ms);
		if (fabs(p->rate - 1) > 0.001)
			g_string_append_printf(out, "[%.2f]", p->rate);
	}
	g_ptr_array_unref(list);

	return g_string_free(out, FALSE);
}

static void check_parts(const char *text, const char *want)
{
	char *got = parts(text);

	assert_string_equal(got, want);
	g_free(got);
}

static void test_plain_text_is_cut_into_sentences(void **state)
{
	check_parts("Hello", "Hello");
	check_parts("Good morning. How are you? Fine!",
		    "Good morning.|How are you?|Fine!");
	check_parts("Dr. No has 3.5 cats.", "Dr. No has 3.5 cats.");
	check_parts("We open at 9. Call then.", "We open at 9.|Call then.");
	check_parts("", "");
}

static void test_long_text_is_cut_at_blanks(void **state)
{
	GString *text = g_string_new(NULL);
	GPtrArray *list;
	size_t words = 0;
	guint i;

	while (words++ < 500)
		g_string_append(text, "word ");
	list = speech_parts(text->str);
	assert_true(list->len > 4);
	for (i = 0; i < list->len; ++i) {
		const struct speech_part *p = g_ptr_array_index(list, i);

		assert_true(strlen(p->text) <= 401);
		assert_true(g_str_has_prefix(p->text, "word"));
		assert_true(g_str_has_suffix(p->text, "word"));
	}
	g_ptr_array_unref(list);
	g_string_free(text, TRUE);
}

static void test_letters_become_ascii(void **state)
{
	static const char *const pairs[][2] = {
		{"caf\u00e9", "cafe"},
		{"\u201cdon\u2019t\u201d", "\"don't\""},
		{"Stra\u00dfe", "Strasse"},
		{"\u4f60\u597d", "  "},
		{"20 \u20ac", "20  euro "},
	};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(pairs); ++i) {
		char *got = speech_ascii(pairs[i][0]);

		assert_string_equal(got, pairs[i][1]);
		g_free(got);
	}
}

static void test_ssml_in_parts(void **state)
{
	check_parts("<speak>Hello <b>you</b></speak>", "Hello you");
	check_parts("<speak>One<break time='250ms'/>two<break time=\"1.5s\"/>"
		    "</speak>",
		    "One(250)|two(1500)");
	check_parts("<speak>a<break/>b<break strength='none'/></speak>",
		    "a(500)|b");
	check_parts("<speak><break time='99s'/>x</speak>", "(10000)|x");
	check_parts("<speak><p>One</p><p>Two</p></speak>", "One|Two");
	check_parts("<speak><sub alias='World Wide Web'>WWW</sub></speak>",
		    "World Wide Web");
	check_parts("<speak><say-as interpret-as='digits'>407</say-as></speak>",
		    "4 0 7");
	check_parts("<speak><say-as interpret-as='date'>1 May</say-as></speak>",
		    "1 May");
	check_parts("<speak>x<prosody rate='slow'>y</prosody>z</speak>",
		    "x|y[0.75]|z");
	check_parts("<speak><audio src='x'>Beep<desc>a sound</desc></audio>"
		    "<metadata>no</metadata></speak>",
		    "Beep");
	check_parts("<?xml version='1.0'?><!DOCTYPE speak><speak>a &amp; b"
		    "<!-- no --> &#65;&#x42;<![CDATA[<c>]]></speak>",
		    "a & b AB<c>");
}

static void test_broken_markup_is_spoken(void **state)
{
	check_parts("<speak>1 < 2 and 3 > 2", "1 < 2 and 3 > 2");
	check_parts("<speak>open <p>and never", "open|and never");
	check_parts("<speak>a</p></p></speak></speak>b", "ab");
	check_parts("<speak>&nothing, &#xFFFFFF;<", "&nothing,  <");
	check_parts("<speak><p", "<p");
	check_parts("<speak><prosody rate='fast'>a</speak>b", "a[1.25]|b");
	/* no SSML at all */
	check_parts("<speaker>", "<speaker>");
}

static void test_rates(void **state)
{
	assert_true(ssml_rate("x-slow") == 0.5);
	assert_true(ssml_rate("50%") == 0.5);
	assert_true(fabs(ssml_rate("+10%") - 1.1) < 0.001);
	assert_true(fabs(ssml_rate("-20%") - 0.8) < 0.001);
	assert_true(ssml_rate("2") == 2);
	assert_true(ssml_rate("1000") == 3);
	assert_true(ssml_rate("0") == 1);
	assert_true(ssml_rate("nan") == 1);
	assert_true(ssml_rate("quick") == 1);
}

/* ---- for espeak-ng ---- */

static void check_clean(const char *ssml, const char *want)
{
	char *got = speech_clean_ssml(ssml);

	assert_string_equal(got, want);
	g_free(got);
}

static void test_what_is_known_is_kept(void **state)
{
	check_clean("<speak>Hi <prosody rate='80%' pitch=\"high\">you"
		    "</prosody></speak>",
		    "<speak>Hi <prosody rate=\"80%\" pitch=\"high\">you"
		    "</prosody></speak>");
	check_clean("<speak>a &lt; b</speak>", "<speak>a &lt; b</speak>");
	check_clean("<speak><lang xml:lang='de'>ja</lang></speak>",
		    "<speak><voice xml:lang=\"de\">ja</voice></speak>");
	check_clean("<speak><break strength='strong'/></speak>",
		    "<speak><break time=\"1000ms\"/></speak>");
}

static void test_nothing_else_gets_through(void **state)
{
	/* espeak-ng would give this name to a shell */
	check_clean("<speak><audio src='x\"; id; \"'>no file</audio></speak>",
		    "<speak>no file</speak>");
	check_clean("<speak><voice name='../../etc/passwd'>a</voice></speak>",
		    "<speak><voice>a</voice></speak>");
	check_clean("<speak><p onload='x' foo=\"&quot;>\">a</p></speak>",
		    "<speak><p>a</p></speak>");
	check_clean("<speak><![CDATA[<audio src='x'/>]]></speak>",
		    "<speak>&lt;audio src=&apos;x&apos;/&gt;</speak>");
	check_clean("<speak><p><s>a</p>", "<speak><p><s>a</s></p></speak>");
}

static void test_depth_is_bounded(void **state)
{
	GString *deep = g_string_new("<speak>");
	unsigned opens = 0, closes = 0;
	char *got;
	const char *p;
	int i;

	for (i = 0; i < 500; ++i)
		g_string_append(deep, "<prosody rate='slow'>");
	g_string_append(deep, "deep");
	for (i = 0; i < 500; ++i)
		g_string_append(deep, "</prosody>");
	g_string_append(deep, "</speak>");

	got = speech_clean_ssml(deep->str);
	for (p = got; (p = strstr(p, "<prosody")); ++p)
		++opens;
	for (p = got; (p = strstr(p, "</prosody")); ++p)
		++closes;
	assert_true(opens > 0 && opens <= SSML_DEPTH);
	assert_int_equal(opens, closes);
	assert_non_null(strstr(got, "deep"));
	g_free(got);
	check_parts(deep->str, "deep[0.30]");
	g_string_free(deep, TRUE);
}

/* ---- attributes ---- */

static void test_attributes(void **state)
{
	struct xml_scan x;
	char value[8];

	xml_begin(&x, "<a one='1' x:two = \"a&amp;b\" bare three='>'"
		      " long='123456789'/>");
	assert_true(xml_next(&x));
	assert_int_equal(x.kind, XML_EMPTY);
	assert_string_equal(x.name, "a");
	assert_true(xml_attr(&x, "one", value, sizeof(value)));
	assert_string_equal(value, "1");
	assert_true(xml_attr(&x, "x:two", value, sizeof(value)));
	assert_string_equal(value, "a&b");
	assert_true(xml_attr(&x, "three", value, sizeof(value)));
	assert_string_equal(value, ">");
	assert_false(xml_attr(&x, "two", value, sizeof(value)));
	assert_false(xml_attr(&x, "bare", value, sizeof(value)));
	assert_false(xml_attr(&x, "long", value, sizeof(value)));
	assert_false(xml_next(&x));
	xml_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_is_cut_into_sentences),
		cmocka_unit_test(test_long_text_is_cut_at_blanks),
		cmocka_unit_test(test_letters_become_ascii),
		cmocka_unit_test(test_ssml_in_parts),
		cmocka_unit_test(test_broken_markup_is_spoken),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_what_is_known_is_kept),
		cmocka_unit_test(test_nothing_else_gets_through),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_attributes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
