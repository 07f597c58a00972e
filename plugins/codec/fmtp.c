/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters of a=fmtp: only Opus has any (RFC 7587 §7) */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "codec/codec.h"
#include "common/str.h"

enum {
	RATE_MIN = 8000,
	RATE_MAX = 48000,
	BITRATE_MIN = 6000,
	BITRATE_MAX = 510000,
	MINPTIME_MIN = 3,
	MINPTIME_MAX = 120,
	NAME_SIZE = 32,
	VALUE_SIZE = 16,
};

void codec_fmtp_default(struct codec_fmtp *fmtp)
{
	*fmtp = (struct codec_fmtp){.maxplaybackrate = RATE_MAX};
}

void codec_fmtp_local(const struct codec *codec, struct codec_fmtp *fmtp)
{
	codec_fmtp_default(fmtp);
	if (codec->id != CODEC_OPUS)
		return;

	fmtp->minptime = 10;
	fmtp->useinbandfec = true;
}

static void set_flag(bool *flag, const char *value)
{
	int64_t n;

	if (!str_to_int(value, 0, 1, &n))
		*flag = n == 1;
}

static void set_number(unsigned *number, const char *value, unsigned min,
		       unsigned max)
{
	int64_t n;

	if (!str_to_int(value, min, max, &n))
		*number = (unsigned)n;
}

static void set_param(struct codec_fmtp *fmtp, const char *name,
		      const char *value)
{
	if (!strcasecmp(name, "maxplaybackrate"))
		set_number(&fmtp->maxplaybackrate, value, RATE_MIN, RATE_MAX);
	else if (!strcasecmp(name, "maxaveragebitrate"))
		set_number(&fmtp->maxaveragebitrate, value, BITRATE_MIN,
			   BITRATE_MAX);
	else if (!strcasecmp(name, "minptime"))
		set_number(&fmtp->minptime, value, MINPTIME_MIN, MINPTIME_MAX);
	else if (!strcasecmp(name, "useinbandfec"))
		set_flag(&fmtp->useinbandfec, value);
	else if (!strcasecmp(name, "usedtx"))
		set_flag(&fmtp->usedtx, value);
	else if (!strcasecmp(name, "stereo"))
		set_flag(&fmtp->stereo, value);
	else if (!strcasecmp(name, "cbr"))
		set_flag(&fmtp->cbr, value);
}

/* Copy what lies between two ends, without the blanks around it.
 * @return false when it is too long to be anything of ours */
static bool cut(char *dst, size_t size, const char *from, const char *to)
{
	size_t len;

	while (from < to && *from == ' ')
		++from;
	while (to > from && to[-1] == ' ')
		--to;

	len = (size_t)(to - from);
	if (len >= size)
		return false;
	memcpy(dst, from, len);
	dst[len] = '\0';

	return true;
}

void codec_fmtp_parse(const struct codec *codec, const char *text,
		      struct codec_fmtp *fmtp)
{
	codec_fmtp_default(fmtp);

	while (codec->id == CODEC_OPUS && text && *text) {
		const size_t len = strcspn(text, ";");
		const char *end = text + len;
		const char *eq = memchr(text, '=', len);
		char name[NAME_SIZE], value[VALUE_SIZE];

		if (eq && cut(name, sizeof(name), text, eq) &&
		    cut(value, sizeof(value), eq + 1, end))
			set_param(fmtp, name, value);

		text = *end ? end + 1 : end;
	}
}

int codec_fmtp_write(const struct codec *codec, const struct codec_fmtp *fmtp,
		     char *buf, size_t size)
{
	char minptime[32] = "", rate[40] = "", bits[40] = "";
	int n;

	if (!size)
		return EOVERFLOW;
	*buf = '\0';
	if (codec->id != CODEC_OPUS)
		return 0;

	if (fmtp->minptime)
		(void)snprintf(minptime, sizeof(minptime), "minptime=%u;",
			       fmtp->minptime);
	if (fmtp->maxplaybackrate < RATE_MAX)
		(void)snprintf(rate, sizeof(rate), "maxplaybackrate=%u;",
			       fmtp->maxplaybackrate);
	if (fmtp->maxaveragebitrate)
		(void)snprintf(bits, sizeof(bits), "maxaveragebitrate=%u;",
			       fmtp->maxaveragebitrate);

	n = snprintf(buf, size, "%s%s%s%s%sstereo=%d;useinbandfec=%d", minptime,
		     rate, bits, fmtp->usedtx ? "usedtx=1;" : "",
		     fmtp->cbr ? "cbr=1;" : "", fmtp->stereo,
		     fmtp->useinbandfec);

	return n < 0 || (size_t)n >= size ? EOVERFLOW : 0;
}
