/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "support/call_fake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "common/obj.h"
#include "media/media.h"
#include "record/record.h"
#include "support/call_fake_priv.h"

uint32_t call_fake_tap(struct media_leg *leg, struct media_tap *tap)
{
	struct call_fake *fake = ((struct call_fake_media *)leg)->fake;

	assert_non_null(tap);
	if (fake->taps_are_full)
		return 0;
	++fake->taps;

	return ++fake->tap_id;
}

void call_fake_untap(struct media_leg *leg, uint32_t tap_id)
{
	struct call_fake *fake = ((struct call_fake_media *)leg)->fake;

	assert_in_range(tap_id, 1, fake->tap_id);
	++fake->untaps;
}

static int start(struct recording **recp, struct recorder *recorder,
		 const struct recording_params *prm)
{
	struct call_fake *fake = (struct call_fake *)recorder;
	struct call_fake_recording *rec = &fake->records[fake->nrecords];

	if (fake->record_err)
		return fake->record_err;
	assert_true(fake->nrecords < G_N_ELEMENTS(fake->records));
	++fake->nrecords;
	g_strlcpy(rec->id, prm->id, sizeof(rec->id));
	rec->format = prm->format;
	rec->channels = prm->channels;
	rec->tap = obj_ref(prm->tap);
	rec->done = prm->done;
	rec->arg = prm->arg;
	*recp = (struct recording *)rec;

	return 0;
}

static void end(struct recording *rec)
{
	++((struct call_fake_recording *)rec)->ends;
}

const struct call_record_ops call_fake_record_ops = {
	.start = start,
	.end = end,
};

void call_fake_tapped(struct call_fake_leg *leg, uint32_t tap_id,
		      enum media_tap_end why)
{
	leg->leg.handler->tapped(leg->leg.arg, tap_id, why);
}

void call_fake_recorded(struct call_fake *fake, unsigned n, int err,
			int64_t duration_ms)
{
	const struct recording_result res = {
		.err = err,
		.duration_ms = duration_ms,
		.size_bytes = 44 + duration_ms * 32,
	};
	struct call_fake_recording *rec = &fake->records[n];
	void *arg = rec->arg;

	assert_non_null(arg);
	rec->arg = NULL;
	rec->done(arg, &res);
	rec->tap = obj_unref(rec->tap);
}
