/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "formats.h"

#include <glib.h>
#include <string.h>

#include "input.h"

enum {
	PROBE_FIRST = 4096,
	PROBE_LAST = 1 << 20,
	ID3_HEADER = 10,
	TAG_MAX = 64 << 20, /**< a tag with pictures */
	WAV_HEAD_MAX = 1 << 20,
};

/* Demuxers that read one file and open no other (no playlists, no image
 * sequences, no devices, nothing that another library parses), for what
 * people have on their disks */
static const struct format {
	const char *demuxer;
	const char *name; /**< for people; NULL: the demuxer's */
	/* for files that cannot be told by their content, by commas */
	const char *types, *endings;
	int raw_rate;
	bool scattered;
} formats[] = {
	{.demuxer = "wav", .types = "audio/wav,audio/x-wav,audio/wave"},
	{.demuxer = "mp3", .types = "audio/mpeg,audio/mp3"},
	{.demuxer = "ogg"},
	{.demuxer = "flac"},
	{.demuxer = "mov,mp4,m4a,3gp,3g2,mj2",
	 .name = "mp4",
	 .scattered = true},
	{.demuxer = "matroska,webm", .name = "matroska"},
	{.demuxer = "aac", .types = "audio/aac,audio/aacp"},
	{.demuxer = "aiff", .scattered = true},
	{.demuxer = "au"},
	{.demuxer = "amr", .types = "audio/amr,audio/amr-wb"},
	{.demuxer = "caf", .scattered = true},
	{.demuxer = "w64"},
	{.demuxer = "asf", .name = "wma"},
	{.demuxer = "avi"},
	{.demuxer = "mpegts"},
	{.demuxer = "mpeg"},
	{.demuxer = "flv"},
	{.demuxer = "ac3"},
	{.demuxer = "eac3"},
	{.demuxer = "dts"},
	{.demuxer = "tta"},
	{.demuxer = "wv"},
	{.demuxer = "ape"},
	{.demuxer = "mpc"},
	{.demuxer = "mpc8"},
	{.demuxer = "voc"},
	{.demuxer = "sox"},
	{.demuxer = "ircam"},
	{.demuxer = "nistsphere", .name = "nist"},
	{.demuxer = "rm"},
	{.demuxer = "rso"},
	{.demuxer = "mmf"},
	{.demuxer = "ilbc"},
	{.demuxer = "latm,loas", .name = "latm"},
	{.demuxer = "loas", .name = "latm"},
	{.demuxer = "mlp"},
	{.demuxer = "truehd"},
	{.demuxer = "gsm",
	 .types = "audio/gsm,audio/x-gsm",
	 .endings = "gsm",
	 .raw_rate = 8000},
	{.demuxer = "g722",
	 .types = "audio/g722",
	 .endings = "g722",
	 .raw_rate = 16000},
	{.demuxer = "mulaw",
	 .types = "audio/basic,audio/pcmu",
	 .endings = "ul,ulaw,mulaw,pcmu",
	 .raw_rate = 8000},
	{.demuxer = "alaw",
	 .types = "audio/pcma",
	 .endings = "al,alaw,pcma",
	 .raw_rate = 8000},
	{.demuxer = "sln", .endings = "sln", .raw_rate = 8000},
};

static const struct format *find(const char *demuxer)
{
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(formats); ++i)
		if (strcmp(formats[i].demuxer, demuxer) == 0)
			return &formats[i];

	return NULL;
}

bool formats_is_scattered(const AVInputFormat *fmt)
{
	const struct format *f = find(fmt->name);

	return f && f->scattered;
}

int formats_raw_rate(const AVInputFormat *fmt)
{
	const struct format *f = find(fmt->name);

	return f ? f->raw_rate : 0;
}

const char *formats_name(const AVInputFormat *fmt)
{
	const struct format *f = find(fmt->name);

	return f && f->name ? f->name : fmt->name;
}

/* ---- codecs ---- */

/* libavcodec's own code: no library behind it, nothing experimental */
static bool is_taken(const AVCodec *codec)
{
	return codec->type == AVMEDIA_TYPE_AUDIO && !codec->wrapper_name &&
	       av_codec_is_decoder(codec) &&
	       !(codec->capabilities & AV_CODEC_CAP_EXPERIMENTAL);
}

char *formats_codecs(void)
{
	GString *list = g_string_new(NULL);
	const AVCodec *codec;
	void *it = NULL;

	while ((codec = av_codec_iterate(&it))) {
		if (!is_taken(codec))
			continue;
		if (list->len)
			g_string_append_c(list, ',');
		g_string_append(list, codec->name);
	}

	return g_string_free(list, FALSE);
}

const AVCodec *formats_decoder(enum AVCodecID id)
{
	const AVCodec *codec;
	void *it = NULL;

	while ((codec = av_codec_iterate(&it)))
		if (codec->id == id && is_taken(codec))
			return codec;

	return NULL;
}

/* ---- which one ---- */

/* Where the sound begins: behind ID3v2 tags, whose pictures may be larger
 * than what is probed */
static int64_t skip_tags(struct input *in)
{
	uint8_t h[ID3_HEADER];
	int64_t pos = 0;

	while (pos < TAG_MAX &&
	       input_read_full(in, h, sizeof(h), pos) == ID3_HEADER &&
	       memcmp(h, "ID3", 3) == 0 && !((h[6] | h[7] | h[8] | h[9]) & 128))
		pos += ID3_HEADER +
		       (h[6] << 21 | h[7] << 14 | h[8] << 7 | h[9]);

	return pos;
}

static bool has(const char *list, const char *word, size_t len)
{
	while (list && *list) {
		const size_t n = strcspn(list, ",");

		if (n == len && !g_ascii_strncasecmp(list, word, n))
			return true;
		list += n + (list[n] == ',');
	}

	return false;
}

static const AVInputFormat *by_name(const char *name, const char *type)
{
	const size_t type_len = strcspn(type, "; \t");
	const char *ending = strrchr(name, '.');
	size_t i;

	for (i = 0; i < G_N_ELEMENTS(formats); ++i)
		if ((type_len && has(formats[i].types, type, type_len)) ||
		    (ending &&
		     has(formats[i].endings, ending + 1, strlen(ending + 1))))
			return av_find_input_format(formats[i].demuxer);

	return NULL;
}

/* libavformat takes any byte that comes every 188, 192 or 204 for MPEG-TS's:
 * that of an MP3's frames, too, which are 192 long at 64 kb/s. What begins with
 * a frame of sound, and not with that byte, is no MPEG-TS.
 * @return What it is, or fmt */
static const AVInputFormat *without_chance(const AVInputFormat *fmt,
					   const uint8_t *buf)
{
	enum {
		SYNC = 0x47,
		TIMECODE = 4, /* of M2TS, before it */
	};

	if (!fmt || strcmp(fmt->name, "mpegts") != 0 || buf[0] == SYNC ||
	    buf[TIMECODE] == SYNC)
		return fmt;
	if (buf[0] == 0x0b && buf[1] == 0x77)
		return av_find_input_format("ac3");
	if (buf[0] != 0xff || (buf[1] & 0xe0) != 0xe0)
		return fmt;

	/* no layer: ADTS */
	return av_find_input_format(buf[1] & 0x06 ? "mp3" : "aac");
}

const AVInputFormat *formats_probe(struct input *in, const char *name,
				   const char *type)
{
	const int64_t pos = skip_tags(in);
	const AVInputFormat *fmt = NULL;
	AVProbeData pd = {.filename = name, .buf = NULL};
	size_t len = PROBE_FIRST;
	int score = 0;
	ssize_t n;

	if (in->err)
		return NULL;
	pd.buf = g_malloc0(PROBE_LAST + AVPROBE_PADDING_SIZE);
	for (;; len *= 4) {
		n = input_read_full(in, pd.buf, len, pos);
		if (n < 0)
			break;
		pd.buf_size = (int)n;
		fmt = av_probe_input_format3(&pd, 1, &score);
		/* a short look at a name's end or at few frames may err */
		if (score > AVPROBE_SCORE_RETRY || (size_t)n < len ||
		    len >= PROBE_LAST)
			break;
	}
	fmt = without_chance(fmt, pd.buf);
	g_free(pd.buf);
	if (in->err)
		return NULL;
	if (score <= AVPROBE_SCORE_RETRY && by_name(name, type))
		fmt = by_name(name, type);

	return fmt && find(fmt->name) ? fmt : NULL;
}

int64_t formats_wav_data(struct input *in)
{
	uint8_t h[12];
	int64_t pos = sizeof(h);

	if (input_read_full(in, h, 12, 0) != 12 || memcmp(h, "RIFF", 4) != 0 ||
	    memcmp(h + 8, "WAVE", 4) != 0)
		return -1;
	while (pos < WAV_HEAD_MAX && input_read_full(in, h, 8, pos) == 8) {
		const int64_t len = (int64_t)h[4] | h[5] << 8 | h[6] << 16 |
				    (int64_t)h[7] << 24;

		pos += 8;
		if (memcmp(h, "data", 4) == 0)
			return pos;
		pos += len + (len & 1);
	}

	return -1;
}
