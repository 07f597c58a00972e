/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pass-through: one unbroken stream out of whatever comes in */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "codec/codec.h"
#include "media/route.h"
#include "media/rtp.h"
#include "media/tx.h"

struct fix {
	struct media_tx tx;
	struct media_rewrite rw;
	struct rtp_packet in;
	struct media_mapped out;
	int64_t now_us;
	int owner;
};

static void init(struct fix *f)
{
	*f = (struct fix){0};
	media_tx_init(&f->tx);
	media_tx_codec(&f->tx, codec_by_id(CODEC_PCMU));
	f->in.ssrc = 1;
	f->in.seq = 65533;
	f->in.ts = 0xffffff00u;
}

/* The next packet in order */
static bool step(struct fix *f)
{
	const bool mapped = media_rewrite_map(&f->rw, &f->tx, &f->owner, &f->in,
					      f->now_us, &f->out);

	++f->in.seq;
	f->in.ts += 160;
	f->now_us += 20000;

	return mapped;
}

static void follows(struct fix *f, uint32_t units)
{
	const struct media_mapped last = f->out;

	assert_true(step(f));
	assert_int_equal(f->out.seq, (uint16_t)(last.seq + 1));
	assert_int_equal(f->out.ts - last.ts, units);
}

static void numbers_wrap(void **state)
{
	struct fix f;
	unsigned i;

	init(&f);
	f.tx.seq = 65534;
	assert_true(step(&f));
	assert_true(f.out.marker);
	for (i = 0; i < 10; ++i) {
		follows(&f, 160);
		assert_false(f.out.marker);
	}
	assert_int_equal(f.tx.seq, (uint16_t)(f.out.seq + 1));
}

static void another_source_continues(void **state)
{
	struct fix f;

	init(&f);
	assert_true(step(&f));
	follows(&f, 160);
	f.in.ssrc = 2;
	f.in.seq = 100;
	f.in.ts = 5;
	follows(&f, 160);
	assert_true(f.out.marker);
	/* a jump under the same SSRC */
	f.in.seq += 5000;
	follows(&f, 160);
	f.in.seq -= 5000;
	follows(&f, 160);
	/* time goes back, or far ahead */
	f.in.ts -= 8000;
	follows(&f, 160);
	f.in.ts += 8000 * 100;
	follows(&f, 160);
}

static void who_starts_later_moves_time_on(void **state)
{
	struct fix f;
	int other;

	init(&f);
	assert_true(step(&f));
	f.tx.writer = &other; /* somebody played in between */
	f.now_us += 1000000;
	follows(&f, 51 * 160);
	assert_true(f.out.marker);
}

static void skipped_packets_leave_no_hole(void **state)
{
	struct fix f;
	unsigned i;

	init(&f);
	assert_true(step(&f));
	for (i = 0; i < 5; ++i) {
		media_rewrite_skip(&f.rw, &f.in);
		++f.in.seq;
		f.in.ts += 160;
	}
	follows(&f, 6 * 160);

	/* the same again, twice, changes nothing */
	--f.in.seq;
	media_rewrite_skip(&f.rw, &f.in);
	++f.in.seq;
	follows(&f, 160);
}

static void late_and_double_ones(void **state)
{
	struct fix f;
	struct media_mapped last;

	init(&f);
	assert_true(step(&f));
	last = f.out;
	f.in.seq += 2; /* two are missing */
	f.in.ts += 320;
	assert_true(step(&f));
	assert_int_equal(f.out.seq, (uint16_t)(last.seq + 3));
	last = f.out;

	f.in.seq -= 2; /* one of them comes late */
	f.in.ts -= 320;
	assert_true(step(&f));
	assert_int_equal(f.out.seq, (uint16_t)(last.seq - 1));
	assert_int_equal(f.out.ts, last.ts - 160);

	assert_false(step(&f)); /* the highest again */

	media_rewrite_skip(&f.rw, &f.in); /* a digit */
	f.in.seq -= 3;
	assert_false(step(&f)); /* from before it: its number is gone */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_wrap),
		cmocka_unit_test(another_source_continues),
		cmocka_unit_test(who_starts_later_moves_time_on),
		cmocka_unit_test(skipped_packets_leave_no_hole),
		cmocka_unit_test(late_and_double_ones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
