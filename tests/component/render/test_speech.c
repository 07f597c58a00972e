/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts are spoken: a machine that listens understands them */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "support/codec_signal.h"
#include "support/render_rig.h"

enum {
	RATE = 16000
};

static struct render_rig rig;

static int setup(void **state)
{
	render_rig_open(&rig, NULL);

	return 0;
}

static int teardown(void **state)
{
	render_rig_close(&rig);

	return 0;
}

/* ---- listening ---- */

/* What pocketsphinx hears; jsgf: what can be said at all, or NULL */
static char *understand(const struct render_outcome *o, const char *jsgf)
{
	char *raw = render_rig_path(&rig, "heard.raw");
	char *grammar = render_rig_path(&rig, "heard.gram");
	const char *argv[] = {"pocketsphinx_continuous",
			      "-infile",
			      raw,
			      "-logfn",
			      "/dev/null",
			      jsgf ? "-jsgf" : NULL,
			      grammar,
			      NULL};
	char *heard = NULL;
	int status = -1;

	assert_true(g_file_set_contents(raw, (const char *)o->pcm,
					(gssize)(o->len * sizeof(*o->pcm)),
					NULL));
	if (jsgf)
		assert_true(g_file_set_contents(grammar, jsgf, -1, NULL));
	assert_true(
		g_spawn_sync(NULL, (char **)argv, NULL,
			     G_SPAWN_SEARCH_PATH | G_SPAWN_STDERR_TO_DEV_NULL,
			     NULL, NULL, &heard, NULL, &status, NULL));
	assert_int_equal(status, 0);
	g_free(grammar);
	g_free(raw);

	return heard;
}

static void check_heard(const struct render_outcome *o, const char *jsgf,
			const char *const *words)
{
	char *heard = understand(o, jsgf);

	for (; *words; ++words)
		if (!strstr(heard, *words))
			fail_msg("not heard: %s, but: %s", *words, heard);
	g_free(heard);
}

static void speak(struct render_outcome *o, const char *provider,
		  const char *text)
{
	const struct render_text t = {.text = text, .provider = provider};

	render_rig_speak(&rig, o, &t, RATE);
	if (o->err)
		fail_msg("%s: %s", o->code, o->why);
	assert_string_equal(o->format, provider ? provider : "flite");
	assert_int_equal(o->samples, o->len);
	assert_true(signal_rms(o->pcm, o->len) > 300);
}

static void test_flite_is_understood(void **state)
{
	static const char *const words[] = {"thank you for calling", "sales",
					    "press one", NULL};
	struct render_outcome o;

	speak(&o, NULL,
	      "Hello, thank you for calling. For sales, please press one.");
	check_heard(&o, NULL, words);
	/* five seconds: it was told of as it grew, once at least: what comes
	 * while the loop is busy is told together */
	assert_true(o.progresses >= 1);
	assert_true(o.progress > 0 && o.progress <= o.samples);
	render_rig_free(&o);
}

static const char digits[] =
	"#JSGF V1.0;\ngrammar d;\npublic <d> = (one | two | three | four | "
	"five | six | seven | eight | nine | zero)+;\n";

static void test_marked_up_text_is_understood(void **state)
{
	static const char *const words[] = {"three five nine", NULL};
	static const char *const providers[] = {"flite", "espeak-ng"};
	struct render_outcome o;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(providers); ++i) {
		speak(&o, providers[i],
		      "<speak>three <sub alias=\"five\">5x</sub> "
		      "<audio src=\"x\">nine</audio>"
		      "<desc>zero</desc></speak>");
		check_heard(&o, digits, words);
		render_rig_free(&o);
	}
}

/* ---- markup that is measured ---- */

static int64_t length(const char *provider, const char *text)
{
	struct render_outcome o;
	int64_t samples;

	speak(&o, provider, text);
	samples = o.samples;
	render_rig_free(&o);

	return samples;
}

static void test_pauses_and_rates(void **state)
{
	static const char *const providers[] = {"flite", "espeak-ng"};
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(providers); ++i) {
		const char *p = providers[i];
		const int64_t plain = length(p, "<speak>one two</speak>");
		const int64_t paused =
			length(p, "<speak>one <break time='2s'/>two</speak>");
		const int64_t slow = length(p, "<speak><prosody rate='50%'>one "
					       "two</prosody></speak>");

		assert_in_range(paused - plain, RATE * 3 / 2, RATE * 3);
		assert_true(slow > plain * 13 / 10);
		assert_in_range(plain, RATE / 3, RATE * 2);
	}
}

/* ---- voices and languages ---- */

static void test_voices_differ(void **state)
{
	static const struct render_text texts[] = {
		{"Good morning", "en-US", NULL, "flite"},
		{"Good morning", "en-GB", "kal", "flite"},
		{"Good morning", "en", "cmu_us_slt", "flite"},
		{"Good morning", "en-US", NULL, "espeak-ng"},
		{"Good morning", "en-GB", NULL, "espeak-ng"},
		{"Good morning", "en-US", "en-us+f3", "espeak-ng"},
		{"Guten Morgen", "de-DE", NULL, "espeak-ng"},
		{"Guten Morgen", "de_AT", NULL, "espeak-ng"},
		{"Guten Morgen", NULL, "German", "espeak-ng"},
		{"Bonjour", "fr", NULL, "espeak-ng"},
		{"\u4f60\u597d", "zh-CN", NULL, "espeak-ng"},
		{"bom dia", "pt-BR", NULL, "espeak-ng"},
		{"God morgen", "no", NULL, "espeak-ng"},
	};
	struct render_outcome o;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(texts); ++i) {
		render_rig_speak(&rig, &o, &texts[i], RATE);
		if (o.err)
			fail_msg("%s %s: %s: %s", texts[i].language,
				 texts[i].voice, o.code, o.why);
		assert_in_range(o.samples, RATE / 5, RATE * 3);
		assert_true(signal_rms(o.pcm, o.len) > 300);
		render_rig_free(&o);
	}
}

static void test_german_is_not_english(void **state)
{
	const struct render_text de = {"eins zwei drei vier", "de-DE", NULL,
				       "espeak-ng"};
	const struct render_text en = {"eins zwei drei vier", "en-US", NULL,
				       "espeak-ng"};
	struct render_outcome a, b;

	render_rig_speak(&rig, &a, &de, RATE);
	render_rig_speak(&rig, &b, &en, RATE);
	assert_int_equal(a.err + b.err, 0);
	assert_true(a.len != b.len || memcmp(a.pcm, b.pcm, a.len) != 0);
	render_rig_free(&a);
	render_rig_free(&b);
}

static void test_unknown_voices_are_named(void **state)
{
	static const struct render_text texts[] = {
		{"Hallo", "de-DE", NULL, "flite"},
		{"Hello", "en-US", "nobody", "flite"},
		{"Hello", "eng", NULL, "flite"},
		{"Hello", "xx-YY", NULL, "espeak-ng"},
		{"Hello", "", NULL, "espeak-ng"},
		{"Hello", "en-US", "nobody", "espeak-ng"},
		{"Hello", "en-US", "en-us+nobody", "espeak-ng"},
		{"Hello", "en-US", "en-us+../../../../../etc/passwd",
		 "espeak-ng"},
		{"Hello", "en-US", "../../../../etc/passwd", "espeak-ng"},
		{"Hello", "en-US", "mb/mb-de1", "espeak-ng"},
		{"Hello", "en-US", NULL, "nobody"},
	};
	struct render_outcome o;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(texts); ++i) {
		render_rig_speak(&rig, &o, &texts[i], RATE);
		if (strcmp(o.code, "no_voice") != 0)
			fail_msg("%zu: %s: %s", i, o.code, o.why);
		assert_int_equal(o.err, ENOENT);
		assert_int_equal(o.samples, 0);
		assert_true(*o.why);
		render_rig_free(&o);
	}
}

/* ---- texts ---- */

static void test_every_rate_is_spoken(void **state)
{
	static const unsigned rates[] = {8000, 16000, 24000, 48000};
	const struct render_text t = {.text = "One moment please."};
	struct render_outcome o;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(rates); ++i) {
		render_rig_speak(&rig, &o, &t, rates[i]);
		assert_int_equal(o.err, 0);
		assert_in_range(o.samples, rates[i] / 2, rates[i] * 3);
		render_rig_free(&o);
	}
}

static void test_texts_have_bounds(void **state)
{
	struct render_outcome o;
	char *long_text = g_strnfill(RENDER_TEXT_MAX + 1, 'a');
	struct render_text t = {.text = long_text};
	struct render_job_params prm = {
		.text = &t,
		.rate = RATE,
		.max_samples = RATE,
	};

	render_rig_start(&rig, &o, &prm);
	assert_int_equal(o.start_err, EMSGSIZE);
	render_rig_free(&o);

	prm.out = 0;
	t.text = "not \xff UTF-8";
	render_rig_start(&rig, &o, &prm);
	assert_int_equal(o.start_err, EINVAL);
	render_rig_free(&o);

	/* the longest one: as much of it as may be */
	prm.out = 0;
	memset(long_text, 'a', RENDER_TEXT_MAX);
	for (size_t i = 3; i < RENDER_TEXT_MAX; i += 4)
		long_text[i] = ' ';
	long_text[RENDER_TEXT_MAX] = '\0';
	t.text = long_text;
	render_rig_start(&rig, &o, &prm);
	render_rig_wait(&o);
	assert_string_equal(o.code, "too_long");
	assert_int_equal(o.samples, RATE);
	render_rig_free(&o);
	g_free(long_text);
}

static void test_nothing_to_say(void **state)
{
	static const char *const texts[] = {
		"<speak></speak>", " ", "<speak><break time='0s'/></speak>"};
	const char *const providers[] = {"flite", "espeak-ng"};
	struct render_outcome o;
	size_t i, j;

	for (i = 0; i < G_N_ELEMENTS(texts); ++i)
		for (j = 0; j < G_N_ELEMENTS(providers); ++j) {
			const struct render_text t = {.text = texts[i],
						      .provider = providers[j]};

			render_rig_speak(&rig, &o, &t, RATE);
			/* espeak-ng ends a clause with silence */
			if (o.err)
				assert_string_equal(
					o.why,
					"there is nothing in the text to say");
			else
				assert_true(o.samples < RATE);
			render_rig_free(&o);
		}
}

/* Texts of a stranger: their job may fail, no more */
static void test_hostile_texts(void **state)
{
	static const char *const texts[] = {
		"<speak><audio src='/etc/passwd'/>x</speak>",
		("<speak><audio src='a\"; touch /tmp/bifrons-was-here; \"'/>"
		 "x</speak>"),
		"<speak><voice name='../../../etc/passwd'>x</voice></speak>",
		"<speak><voice xml:lang='de'>Guten Tag</voice> x</speak>",
		"<speak><prosody rate='1e99' pitch='-1e99'>x</prosody></speak>",
		"[[_^_DE]] x [[:;]]",
		"x \u202e \U0001F600\U0001F600 \u0301\u0301\u0301",
		"%s%n%x x",
		"1234567890123456789012345678901234567890 x",
		"x.................................................!!!!!????",
	};
	struct render_stats st;
	struct render_outcome o;
	const char *const providers[] = {"flite", "espeak-ng"};
	size_t i, j;

	for (i = 0; i < G_N_ELEMENTS(texts); ++i)
		for (j = 0; j < G_N_ELEMENTS(providers); ++j) {
			const struct render_text t = {.text = texts[i],
						      .provider = providers[j]};

			render_rig_speak(&rig, &o, &t, RATE);
			if (o.err)
				fail_msg("%s: %s: %s", texts[i], o.code, o.why);
			assert_true(o.samples > 0);
			render_rig_free(&o);
		}
	assert_false(g_file_test("/tmp/bifrons-was-here", G_FILE_TEST_EXISTS));
	render_stats(rig.render, &st);
	assert_int_equal(st.restarts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flite_is_understood),
		cmocka_unit_test(test_marked_up_text_is_understood),
		cmocka_unit_test(test_pauses_and_rates),
		cmocka_unit_test(test_voices_differ),
		cmocka_unit_test(test_german_is_not_english),
		cmocka_unit_test(test_unknown_voices_are_named),
		cmocka_unit_test(test_every_rate_is_spoken),
		cmocka_unit_test(test_texts_have_bounds),
		cmocka_unit_test(test_nothing_to_say),
		cmocka_unit_test(test_hostile_texts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
