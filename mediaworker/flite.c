/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <flite/flite.h>
#include <glib.h>
#include <string.h>

#include "common/str.h"
#include "job.h"
#include "pcm.h"
#include "report.h"
#include "speech.h"
#include "voices.h"

/* (the libraries of the voices have no header) */
cst_voice *register_cmu_us_slt(const char *voxdir);
cst_voice *register_cmu_us_kal(const char *voxdir);

static cst_voice *find_voice(struct job *job)
{
	const char *name = job->req.voice, *lang = job->req.language;

	if (g_ascii_strncasecmp(lang, "en", 2) != 0 ||
	    g_ascii_isalpha(lang[2])) {
		report_end(&job->rep, MEDIA_NO_VOICE, ENOENT,
			   "flite speaks English only, not %s", lang);
		return NULL;
	}
	if (str_starts(name, "cmu_us_"))
		name += strlen("cmu_us_");
	if (!*name || strcmp(name, "slt") == 0)
		return register_cmu_us_slt(NULL);
	if (strcmp(name, "kal") == 0)
		return register_cmu_us_kal(NULL);

	report_end(&job->rep, MEDIA_NO_VOICE, ENOENT,
		   "flite has no voice %s (it has slt and kal)", name);

	return NULL;
}

static int write_wave(struct job *job, const cst_wave *wave)
{
	const uint8_t *const data[1] = {
		(const uint8_t *)cst_wave_samples(wave)};
	int err;

	err = pcm_source_mono(job->pcm, cst_wave_sample_rate(wave));
	if (!err)
		err = pcm_write(job->pcm, data, cst_wave_num_samples(wave));

	return err;
}

static int speak_part(struct job *job, cst_voice *voice, float stretch,
		      const struct speech_part *part)
{
	cst_wave *wave;
	int err = 0;

	/* nothing to pronounce is nothing to flite */
	if (strpbrk(part->text, "abcdefghijklmnopqrstuvwxyz"
				"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")) {
		feat_set_float(voice->features, "duration_stretch",
			       stretch / (float)part->rate);
		wave = flite_text_to_wave(part->text, voice);
		if (!wave)
			return EIO;
		err = write_wave(job, wave);
		delete_wave(wave);
	}
	if (!err && part->pause_ms) {
		err = pcm_source_mono(job->pcm, (int)job->req.rate);
		if (!err)
			err = pcm_silence(job->pcm, part->pause_ms);
	}

	return err;
}

void voices_flite(struct job *job)
{
	cst_voice *voice = find_voice(job);
	GPtrArray *parts;
	float stretch;
	int err = 0;
	guint i;

	if (!voice)
		return;

	stretch = get_param_float(voice->features, "duration_stretch", 1.0F);
	parts = speech_parts(job->text);
	for (i = 0; !err && i < parts->len; ++i)
		err = speak_part(job, voice, stretch,
				 g_ptr_array_index(parts, i));
	g_ptr_array_unref(parts);
	if (!err)
		err = pcm_finish(job->pcm);
	if (err)
		job_pcm_failed(job, err);
}
