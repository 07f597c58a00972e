/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <espeak-ng/speak_lib.h>
#include <fcntl.h>
#include <flite/flite.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/str.h"
#include "job.h"
#include "pcm.h"
#include "report.h"
#include "speech.h"
#include "ssml.h"
#include "voices.h"

enum {
	NAME_MAX_LEN = 96
};

cst_voice *register_cmu_us_slt(const char *voxdir);
cst_voice *register_cmu_us_kal(const char *voxdir);

void voices_load(struct voices *v)
{
	(void)flite_init();
	(void)register_cmu_us_slt(NULL);
	(void)register_cmu_us_kal(NULL);

	*v = (struct voices){.dir = -1};
	v->rate = espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, NULL,
				    espeakINITIALIZE_DONT_EXIT);
	if (v->rate <= 0)
		return;
	espeak_Info(&v->path);
	v->dir = open(v->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	v->list = espeak_ListVoices(NULL);
}

/* ---- which voice ---- */

/* The priority of a language of a voice (low = good), -1: it has it not.
 * prefix: "fr" finds "fr-fr" */
static int priority(const espeak_VOICE *voice, const char *lang, bool prefix)
{
	const size_t len = strlen(lang);
	const char *p = voice->languages;

	/* (a byte and a string each) */
	for (; *p; p += strlen(p) + 1) {
		const int prio = (unsigned char)*p++;

		if (!g_ascii_strncasecmp(p, lang, len) &&
		    (!p[len] || (prefix && p[len] == '-')))
			return prio;
	}

	return -1;
}

static const espeak_VOICE *best(const espeak_VOICE *const *list,
				const char *lang, bool prefix)
{
	const espeak_VOICE *found = NULL;
	int found_prio = 0;

	for (; *list; ++list) {
		/* MBROLA is a program of its own */
		const int prio = strncmp((*list)->identifier, "mb/", 3) == 0
					 ? -1
					 : priority(*list, lang, prefix);

		if (prio < 0 || (found && prio >= found_prio))
			continue;
		found = *list;
		found_prio = prio;
	}

	return found;
}

/* "de-AT" is "de" when there is nothing nearer */
static const espeak_VOICE *by_language(const espeak_VOICE *const *list,
				       const char *language)
{
	static const struct {
		const char *tag, *is;
	} aliases[] = {
		{"zh-hk", "yue"}, {"zh", "cmn"}, {"no", "nb"},  {"nn", "nb"},
		{"iw", "he"},     {"in", "id"},  {"hr", "hbs"}, {"sr", "hbs"},
	};
	const espeak_VOICE *found = NULL;
	char *lang = g_ascii_strdown(language, -1);
	char *cut = lang + strlen(lang);
	size_t i;

	g_strdelimit(lang, "_", '-');
	do {
		*cut = '\0';
		found = best(list, lang, false);
		for (i = 0; !found && i < G_N_ELEMENTS(aliases); ++i)
			if (strcmp(aliases[i].tag, lang) == 0)
				found = best(list, aliases[i].is, false);
		cut = strrchr(lang, '-');
	} while (!found && cut);
	if (!found && *lang)
		found = best(list, lang, true);
	g_free(lang);

	return found;
}

static const espeak_VOICE *by_name(const espeak_VOICE *const *list,
				   const char *name)
{
	const espeak_VOICE *const *v;

	for (v = list; *v; ++v) {
		const char *file = strrchr((*v)->identifier, '/');

		if (strncmp((*v)->identifier, "mb/", 3) == 0)
			continue;
		if (!g_ascii_strcasecmp((*v)->name, name) ||
		    !g_ascii_strcasecmp((*v)->identifier, name) ||
		    (file && !g_ascii_strcasecmp(file + 1, name)))
			return *v;
	}

	return best(list, name, false);
}

/* "+f3": a way to speak, a file of its own */
static bool has_variant(const struct voices *v, const char *variant)
{
	char path[512];
	size_t i;
	int fd;

	for (i = 0; variant[i]; ++i)
		if (!g_ascii_isalnum(variant[i]) && variant[i] != '_')
			return false;
	if (!i || snprintf(path, sizeof(path), "%s/voices/!v/%s", v->path,
			   variant) >= (int)sizeof(path))
		return false;

	/* (access(2) is not among what a job may ask) */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		close(fd);

	return fd >= 0;
}

/* Whatever comes from outside only picks from what espeak-ng has
 * @return false: there is no such voice */
static bool pick(const struct voices *v, const struct media_request *req,
		 char *name, size_t size)
{
	const espeak_VOICE *const *list = v->list;
	const espeak_VOICE *voice;
	char want[sizeof(req->voice)];
	char *variant;

	str_copy(want, sizeof(want), req->voice);
	variant = strchr(want, '+');
	if (variant)
		*variant++ = '\0';
	voice = *want ? by_name(list, want) : by_language(list, req->language);
	if (!voice || (variant && !has_variant(v, variant)))
		return false;

	return snprintf(name, size, "%s%s%s", voice->identifier,
			variant ? "+" : "", variant ? variant : "") < (int)size;
}

/* ---- speaking ---- */

struct speaking {
	struct job *job;
	int err;
};

/* @return 1: stop */
static int on_sound(short *wav, int n, espeak_EVENT *events)
{
	struct speaking *sp = events->user_data;
	const uint8_t *const data[1] = {(const uint8_t *)wav};

	if (!sp->err && wav && n > 0)
		sp->err = pcm_write(sp->job->pcm, data, n);

	return sp->err != 0;
}

void voices_espeak(struct job *job)
{
	const struct voices *v = &job->tools->voices;
	const bool marked = ssml_is(job->text);
	struct speaking sp = {.job = job};
	char name[NAME_MAX_LEN];
	char *text;

	if (!v->list || v->dir < 0) {
		report_end(&job->rep, MEDIA_NO_VOICE, ENOENT,
			   "espeak-ng's data is not installed");
		return;
	}
	if (!pick(v, &job->req, name, sizeof(name)) ||
	    espeak_SetVoiceByName(name) != EE_OK) {
		report_end(&job->rep, MEDIA_NO_VOICE, ENOENT,
			   "espeak-ng has no voice %s%s",
			   *job->req.voice ? "" : "for ",
			   *job->req.voice ? job->req.voice
					   : job->req.language);
		return;
	}

	text = marked ? speech_clean_ssml(job->text) : g_strdup(job->text);
	espeak_SetSynthCallback(on_sound);
	sp.err = pcm_source_mono(job->pcm, v->rate);
	if (!sp.err &&
	    espeak_Synth(text, strlen(text) + 1, 0, POS_CHARACTER, 0,
			 espeakCHARS_UTF8 | (marked ? espeakSSML : 0), NULL,
			 &sp) != EE_OK &&
	    !sp.err)
		sp.err = EIO;
	if (!sp.err)
		sp.err = pcm_finish(job->pcm);
	if (sp.err)
		job_pcm_failed(job, sp.err);
	g_free(text);
}
