/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A tone in every format that Debian's ffmpeg writes and that we read: it is
 * heard at its pitch and its length */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/codec_signal.h"
#include "support/render_rig.h"

enum {
	RATE = 16000,
	TONE_HZ = 440,
	TONE_MS = 1500,
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

/* ---- every muxer and encoder ---- */

static const struct row {
	const char *muxer;    /* of ffmpeg, and the file's ending */
	const char *encoders; /* by blanks; "!" = mono at 8000 Hz */
	const char *format;   /* what we call it */
} rows[] = {
	{"wav",
	 "pcm_s16le pcm_u8 pcm_s24le pcm_s32le pcm_s64le pcm_f32le pcm_f64le "
	 "pcm_alaw! pcm_mulaw! adpcm_ima_wav adpcm_ms adpcm_yamaha g726! "
	 "g723_1! libgsm_ms! libmp3lame mp2 ac3 eac3 dca flac wmav1 wmav2",
	 "wav"},
	{"w64", "pcm_s16le pcm_f32le adpcm_ms", "w64"},
	{"mp3", "libmp3lame libmp3lame!", "mp3"},
	{"mp2", "mp2", "mp3"},
	{"ogg", "libopus libvorbis flac libspeex!", "ogg"},
	{"oga", "flac", "ogg"},
	{"opus", "libopus libopus!", "ogg"},
	{"spx", "libspeex!", "ogg"},
	{"flac", "flac flac!", "flac"},
	{"ipod", "aac alac", "mp4"},
	{"mp4", "aac libmp3lame libopus flac alac ac3 eac3", "mp4"},
	{"mov",
	 "aac alac pcm_s16be pcm_s16le pcm_s24be pcm_f32le pcm_f64be pcm_alaw! "
	 "pcm_mulaw! pcm_s8 pcm_u8 adpcm_ima_qt adpcm_ms libgsm! nellymoser!",
	 "mp4"},
	{"3gp", "aac", "mp4"},
	{"3g2", "aac", "mp4"},
	{"f4v", "aac", "mp4"},
	{"ismv", "aac", "mp4"},
	{"adts", "aac aac!", "aac"},
	{"latm", "aac", "latm"},
	{"webm", "libopus libvorbis", "matroska"},
	{"matroska",
	 "aac libopus libvorbis flac libmp3lame ac3 dca alac tta wavpack "
	 "pcm_s16le pcm_f32le pcm_mulaw! real_144! mlp truehd",
	 "matroska"},
	{"aiff",
	 "pcm_s16be pcm_s16le pcm_s8 pcm_u8 pcm_s24be pcm_s32be pcm_f32be "
	 "pcm_f64be pcm_alaw! pcm_mulaw! adpcm_ima_qt",
	 "aiff"},
	{"au",
	 "pcm_s16be pcm_mulaw! pcm_alaw! pcm_s8 pcm_s24be pcm_s32be pcm_f32be "
	 "pcm_f64be",
	 "au"},
	{"caf",
	 "alac pcm_s16be pcm_s24le pcm_f32be pcm_mulaw! libopus libgsm! "
	 "adpcm_ima_qt libmp3lame",
	 "caf"},
	{"voc", "pcm_u8 pcm_s16le pcm_alaw! pcm_mulaw!", "voc"},
	{"sox", "pcm_s32le pcm_s32be", "sox"},
	{"ircam", "pcm_s16le pcm_f32le pcm_mulaw!", "ircam"},
	{"asf", "wmav1 wmav2 libmp3lame pcm_s16le", "wma"},
	{"avi", "libmp3lame pcm_s16le ac3 aac", "avi"},
	{"flv", "aac libmp3lame nellymoser! libspeex+", "flv"},
	{"mpegts", "aac mp2 libmp3lame ac3 libopus", "mpegts"},
	{"vob", "mp2 ac3 pcm_dvd", "mpeg"},
	{"ac3", "ac3", "ac3"},
	{"eac3", "eac3", "eac3"},
	{"dts", "dca", "dts"},
	{"mlp", "mlp", "mlp"},
	{"truehd", "truehd", "truehd"},
	{"tta", "tta", "tta"},
	{"wv", "wavpack", "wv"},
	{"rm", "ac3 real_144!", "rm"},
	/* nothing in the file says what it is: its name does */
	{"gsm", "libgsm!", "gsm"},
	{"g722", "g722+", "g722"},
	{"alaw", "pcm_alaw!", "alaw"},
	{"mulaw", "pcm_mulaw!", "mulaw"},
};

static unsigned rate_of(const char *codec, char mark)
{
	if (mark == '!')
		return strcmp(codec, "libmp3lame") ? 8000 : 11025;
	if (mark == '+')
		return 16000;
	if (g_str_has_prefix(codec, "adpcm"))
		return 22050;

	return strcmp(codec, "libvorbis") == 0 || strcmp(codec, "aac") == 0 ||
			       g_str_has_prefix(codec, "wma")
		       ? 44100
		       : 48000;
}

static void make(const struct row *row, const char *codec, char mark,
		 char **pathp)
{
	char *name = g_strdup_printf("%s.%s", codec, row->muxer);
	char *cmd;

	*pathp = render_rig_path(&rig, name);
	cmd = g_strdup_printf("ffmpeg -nostdin -y -f lavfi -i "
			      "sine=%d:d=%d.%03d -strict -2 -ar %u -ac %d "
			      "-c:a %s -f %s %s",
			      TONE_HZ, TONE_MS / 1000, TONE_MS % 1000,
			      rate_of(codec, mark), mark ? 1 : 2, codec,
			      row->muxer, *pathp);
	if (!render_rig_run(&rig, cmd))
		fail_msg("ffmpeg does not write it: %s", cmd);
	g_free(cmd);
	g_free(name);
}

static void hear(const char *path, const char *format)
{
	struct render_outcome o;
	double hz;

	render_rig_decode(&rig, &o, path, RATE);
	if (o.err)
		fail_msg("%s: %s: %s", path, o.code, o.why);
	hz = render_rig_pitch(o.pcm, o.len, RATE);
	if (fabs(hz - TONE_HZ) > 10)
		fail_msg("%s: %.0f Hz is heard", path, hz);
	/* encoders add up to a tenth of a second of silence */
	if (o.samples < TONE_MS * RATE / 1000 * 93 / 100 ||
	    o.samples > TONE_MS * RATE / 1000 * 112 / 100)
		fail_msg("%s: %.3f s are heard", path,
			 (double)o.samples / RATE);
	if (strcmp(o.format, format) != 0 || !*o.codec)
		fail_msg("%s: taken for %s, %s", path, o.format, o.codec);
	assert_int_equal(o.samples, o.len);
	render_rig_free(&o);
}

static void test_every_format_is_heard(void **state)
{
	unsigned files = 0;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(rows); ++i) {
		char **codecs = g_strsplit(rows[i].encoders, " ", -1), **c;

		for (c = codecs; *c; ++c) {
			char *end = *c + strlen(*c) - 1, mark = 0, *path;

			if (*end == '!' || *end == '+') {
				mark = *end;
				*end = '\0';
			}
			make(&rows[i], *c, mark, &path);
			hear(path, rows[i].format);
			g_free(path);
			++files;
		}
		g_strfreev(codecs);
	}
	print_message("# %u formats and codecs\n", files);
}

/* ---- rates and channels ---- */

static void listen(const char *name, unsigned rate, double hz,
		   struct render_outcome *o)
{
	char *path = render_rig_path(&rig, name);

	render_rig_decode(&rig, o, path, rate);
	if (o->err)
		fail_msg("%s: %s: %s", path, o->code, o->why);
	assert_true(fabs(render_rig_pitch(o->pcm, o->len, rate) - hz) <= 10);
	g_free(path);
}

static void test_every_rate_becomes_every_rate(void **state)
{
	static const unsigned in[] = {8000,  11025, 12000, 16000, 22050,
				      24000, 32000, 44100, 48000, 96000};
	static const unsigned out[] = {8000, 16000, 24000, 48000};
	struct render_outcome o;
	char cmd[200], name[32];
	size_t i, j;

	for (i = 0; i < G_N_ELEMENTS(in); ++i) {
		snprintf(name, sizeof(name), "%u.wav", in[i]);
		snprintf(cmd, sizeof(cmd),
			 "ffmpeg -nostdin -y -f lavfi -i sine=1000:d=1 -ar %u "
			 "%%/%s",
			 in[i], name);
		assert_true(render_rig_run(&rig, cmd));
		for (j = 0; j < G_N_ELEMENTS(out); ++j) {
			listen(name, out[j], 1000, &o);
			/* a second is a second */
			assert_in_range(o.samples, out[j] - out[j] / 500,
					out[j] + out[j] / 500);
			render_rig_free(&o);
		}
	}
}

static void test_channels_are_mixed(void **state)
{
	static const char *const layouts[] = {"mono", "stereo", "2.1",
					      "quad", "5.1",    "7.1"};
	struct render_outcome o;
	char cmd[256];
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(layouts); ++i) {
		snprintf(cmd, sizeof(cmd),
			 "ffmpeg -nostdin -y -f lavfi -i "
			 "aevalsrc=0.3*sin(2*PI*600*t):d=1:s=16000 -af "
			 "aformat=channel_layouts=%s %%/ch.wav",
			 layouts[i]);
		assert_true(render_rig_run(&rig, cmd));
		listen("ch.wav", RATE, 600, &o);
		render_rig_free(&o);
	}

	/* a side alone is heard, at half */
	assert_true(render_rig_run(&rig,
				   "ffmpeg -nostdin -y -f lavfi -i "
				   "aevalsrc=0.5*sin(2*PI*500*t)|0:d=1:s=16000 "
				   "%/left.wav"));
	listen("left.wav", RATE, 500, &o);
	assert_in_range((int)signal_level(o.pcm, o.len, RATE, 500), 7000, 9500);
	render_rig_free(&o);

	/* 11 of them, of which nobody says where they are */
	assert_true(render_rig_run(
		&rig, "ffmpeg -nostdin -y -f s16le -ar 16000 -ac 11 -i "
		      "/dev/zero -t 1 %/many.wav"));
	{
		char *path = render_rig_path(&rig, "many.wav");

		render_rig_decode(&rig, &o, path, RATE);
		assert_int_equal(o.err, 0);
		assert_int_equal(o.samples, RATE);
		g_free(path);
		render_rig_free(&o);
	}
}

/* ---- which format it is ---- */

/* The frames of this one are as long as packets of MPEG-TS, and what comes
 * again and again in them looks like those */
static void test_an_mp3_is_not_taken_for_mpegts(void **state)
{
	struct render_outcome o;

	assert_true(render_rig_run(
		&rig, "ffmpeg -nostdin -y -f lavfi -i sine=1000:d=2:r=48000 "
		      "-ac 1 -c:a libmp3lame -b:a 64k %/frames.mp3"));
	listen("frames.mp3", RATE, 1000, &o);
	assert_string_equal(o.format, "mp3");
	render_rig_free(&o);
}

/* ---- what surrounds the sound ---- */

static void test_tags_and_pictures_are_skipped(void **state)
{
	struct render_outcome o;

	/* a cover larger than what is looked at to know the format */
	assert_true(render_rig_run(
		&rig, "ffmpeg -nostdin -y -f lavfi -i "
		      "nullsrc=s=900x700,geq=random(1)*255:128:128 -frames:v 1 "
		      "-compression_level 0 %/cover.png"));
	assert_true(render_rig_run(
		&rig, "ffmpeg -nostdin -y -f lavfi -i sine=440:d=1 -i "
		      "%/cover.png -map 0 -map 1 -c:v copy -id3v2_version 3 "
		      "-metadata title=Hello -metadata artist=Nobody "
		      "-write_id3v1 1 %/cover.mp3"));
	listen("cover.mp3", RATE, 440, &o);
	assert_string_equal(o.format, "mp3");
	assert_string_equal(o.codec, "mp3");
	render_rig_free(&o);

	assert_true(render_rig_run(
		&rig, "ffmpeg -nostdin -y -f lavfi -i sine=440:d=1 -i "
		      "%/cover.png -map 0 -map 1 -c:v copy -disposition:v:0 "
		      "attached_pic %/cover.flac"));
	listen("cover.flac", RATE, 440, &o);
	assert_string_equal(o.codec, "flac");
	render_rig_free(&o);
}

static void test_of_a_film_the_sound_is_taken(void **state)
{
	static const char *const kinds[] = {"mp4", "webm", "matroska", "avi"};
	struct render_outcome o;
	char cmd[256], *path;
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(kinds); ++i) {
		snprintf(cmd, sizeof(cmd),
			 "ffmpeg -nostdin -y -f lavfi -i "
			 "testsrc=s=64x64:d=1 -f lavfi -i sine=440:d=1 -f %s "
			 "%%/film",
			 kinds[i]);
		assert_true(render_rig_run(&rig, cmd));
		listen("film", RATE, 440, &o);
		render_rig_free(&o);
	}

	assert_true(render_rig_run(
		&rig, "ffmpeg -nostdin -y -f lavfi -i testsrc=s=64x64:d=1 -f "
		      "mp4 %/silent"));
	path = render_rig_path(&rig, "silent");
	render_rig_decode(&rig, &o, path, RATE);
	assert_string_equal(o.code, "undecodable");
	assert_string_equal(o.why, "there is no sound in the file");
	assert_string_equal(o.format, "mp4");
	render_rig_free(&o);
	g_free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_format_is_heard),
		cmocka_unit_test(test_every_rate_becomes_every_rate),
		cmocka_unit_test(test_channels_are_mixed),
		cmocka_unit_test(test_an_mp3_is_not_taken_for_mpegts),
		cmocka_unit_test(test_tags_and_pictures_are_skipped),
		cmocka_unit_test(test_of_a_film_the_sound_is_taken),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
