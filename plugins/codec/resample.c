/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "codec/resample.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <speex/speex_resampler.h>

#include "common/obj.h"

enum {
	QUALITY = 3
};

struct resample {
	unsigned in, out;
	SpeexResamplerState *state; /* NULL at equal rates */
};

static bool is_rate(unsigned rate)
{
	return rate == 8000 || rate == 16000 || rate == 48000;
}

static void resample_destructor(void *arg)
{
	struct resample *rs = arg;

	if (rs->state)
		speex_resampler_destroy(rs->state);
}

int resample_alloc(struct resample **rsp, unsigned rate_in, unsigned rate_out)
{
	struct resample *rs;
	int err = 0;

	if (!rsp || !is_rate(rate_in) || !is_rate(rate_out))
		return EINVAL;

	rs = obj_zalloc(sizeof(*rs), resample_destructor);
	rs->in = rate_in;
	rs->out = rate_out;

	if (rate_in != rate_out) {
		rs->state = speex_resampler_init(1, rate_in, rate_out, QUALITY,
						 &err);
		err = rs->state ? 0 : ENOMEM;
	}

	if (err)
		obj_unref(rs);
	else
		*rsp = rs;

	return err;
}

size_t resample_count(const struct resample *rs, size_t n)
{
	return n * rs->out / rs->in;
}

int resample_run(struct resample *rs, const int16_t *in, size_t n, int16_t *out,
		 size_t size)
{
	const size_t count = resample_count(rs, n);
	spx_uint32_t nin = (spx_uint32_t)n, nout = (spx_uint32_t)count;

	if (n % (rs->in / 1000) || n > UINT32_MAX)
		return EINVAL;
	if (count > size)
		return EOVERFLOW;

	if (!rs->state) {
		memcpy(out, in, n * sizeof(*in));
		return 0;
	}

	if (speex_resampler_process_int(rs->state, 0, in, &nin, out, &nout))
		return EINVAL;
	/* whole milliseconds come out whole: this fills nothing but guards
	 * the promise */
	if (nout < count)
		memset(out + nout, 0, (count - nout) * sizeof(*out));

	return 0;
}

void resample_reset(struct resample *rs)
{
	if (rs->state)
		(void)speex_resampler_reset_mem(rs->state);
}
