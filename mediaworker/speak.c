/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text into PCM */
#include <errno.h>
#include <fcntl.h>
#include <flite/flite.h>
#include <string.h>

#include "common/str.h"
#include "job.h"
#include "pcm.h"
#include "report.h"
#include "voices.h"

static const struct provider {
	const char *name;
	void (*speak)(struct job *job);
} providers[] = {
	{"flite", voices_flite},
	{"espeak-ng", voices_espeak},
};

static const struct provider *find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(providers) / sizeof(providers[0]); ++i)
		if (strcmp(providers[i].name, name) == 0)
			return &providers[i];

	return NULL;
}

void job_speak(struct job *job)
{
	const struct provider *p = find(job->req.provider);

	if (!p) {
		report_end(&job->rep, MEDIA_NO_VOICE, ENOENT,
			   "there is no provider %s", job->req.provider);
		return;
	}

	str_copy(job->rep.format, sizeof(job->rep.format), p->name);
	p->speak(job);
	if (!pcm_samples(job->pcm))
		report_end(&job->rep, MEDIA_FAILED, ENODATA,
			   "there is nothing in the text to say");
	report_end(&job->rep, MEDIA_OK, 0, "%s", "");
}
