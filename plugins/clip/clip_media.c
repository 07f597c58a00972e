/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uploaded files: they are PCM already, in DATA/media/ID/RATE.pcm. Which file
 * it is, the store says, each time: a file that was replaced is heard anew.
 * Recordings: the store says whose they are, and that they are over. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clip/clip_priv.h"
#include "common/id.h"
#include "common/obj.h"
#include "common/str.h"
#include "host/db.h"
#include "host/log.h"
#include "loop/worker.h"

/* an id goes before another one's name */
static const char sql_find[] =
	"SELECT id FROM media WHERE account_id = ?1 AND (id = ?2 OR name = ?2)"
	" ORDER BY id = ?2 DESC LIMIT 1";

static const char sql_recording[] =
	"SELECT id, format FROM recording WHERE account_id = ?1 AND id = ?2"
	" AND status NOT IN ('recording', 'paused')";

struct clip_lookup {
	/* set at the start, then read-only */
	struct clips *clips;
	char account_id[ID_SIZE];
	char *url;
	const char *ref; /* behind the colon */
	bool recording;
	unsigned rate;
	/* thread: loop; NULL = canceled */
	clip_lookup_h *done;
	void *arg;

	/* thread: worker, then loop */
	char id[ID_SIZE];
	char *path; /* of a recording */
	int err;
	int fd;
	int64_t samples;
};

static bool on_row(void *arg, const struct db_row *row)
{
	struct clip_lookup *lookup = arg;

	(void)str_copy(lookup->id, sizeof(lookup->id), db_text(row, 0));
	if (lookup->recording)
		lookup->path = g_strdup_printf("%s/%s.%s",
					       lookup->clips->recordings_dir,
					       lookup->id, db_text(row, 1));

	return false;
}

static int open_pcm(struct clip_lookup *lookup)
{
	char *path = g_strdup_printf("%s/%s/%u.pcm", lookup->clips->media_dir,
				     lookup->id, lookup->rate);
	struct stat st;
	int err = 0;

	lookup->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (lookup->fd < 0)
		err = errno;
	else if (fstat(lookup->fd, &st) || !S_ISREG(st.st_mode))
		err = EBADMSG;
	else
		lookup->samples = st.st_size / 2;
	g_free(path);

	return err;
}

static void look_up(void *arg) /* Thread: worker */
{
	struct clip_lookup *lookup = arg;
	const struct db_value params[] = {DB_S(lookup->account_id),
					  DB_S(lookup->ref)};

	lookup->err = db_read(lookup->clips->db,
			      lookup->recording ? sql_recording : sql_find,
			      params, 2, on_row, lookup);
	if (!lookup->err && !id_is_valid(lookup->id))
		lookup->err = ENOENT;
	if (!lookup->err && !lookup->recording)
		lookup->err = open_pcm(lookup);
}

static void judge(const struct clip_lookup *lookup, struct clip_fault *fault)
{
	if (lookup->err == ENOENT && lookup->recording)
		clip_fault_set(fault, ENOENT, "recording_not_found",
			       "recording:%s: the account has none that is "
			       "over",
			       lookup->ref);
	else if (lookup->err == ENOENT && !lookup->id[0])
		clip_fault_set(fault, ENOENT, "media_not_found",
			       "media:%s: there is no such file in the account",
			       lookup->ref);
	else if (lookup->err == ENOENT)
		clip_fault_set(fault, ENOENT, "media_not_found",
			       "media:%s: its sound is not there", lookup->ref);
	else if (lookup->err)
		clip_fault_set(fault, lookup->err, "busy",
			       "%s: cannot be read now", lookup->url);
}

static void lookup_free(struct clip_lookup *lookup)
{
	g_free(lookup->url);
	g_free(lookup->path);
	g_free(lookup);
}

static void looked_up(void *arg) /* Thread: loop */
{
	struct clip_lookup *lookup = arg;
	struct clips *clips = lookup->clips;
	struct clip_fault fault = {0};
	struct clip_pcm *pcm = NULL;

	judge(lookup, &fault);
	if (lookup->err && lookup->err != ENOENT)
		log_error("clips: %s: %s", lookup->url, strerror(lookup->err));
	if (lookup->fd >= 0)
		pcm = clip_pcm_alloc(lookup->fd, lookup->samples, CLIP_WHOLE);
	if (lookup->done)
		lookup->done(lookup->arg, fault.code ? NULL : pcm,
			     fault.code ? NULL : lookup->path, &fault);
	feeder_unref(clips->feeder, pcm);
	clip_fault_clear(&fault);
	lookup_free(lookup);
	clips_release(clips);
}

struct clip_lookup *clip_lookup_start(struct clips *clips,
				      const char *account_id, const char *url,
				      unsigned rate, clip_lookup_h *done,
				      void *arg)
{
	struct clip_lookup *lookup = g_new0(struct clip_lookup, 1);

	lookup->clips = clips;
	(void)str_copy(lookup->account_id, ID_SIZE, account_id);
	lookup->url = g_strdup(url);
	lookup->ref = strchr(lookup->url, ':') + 1;
	lookup->recording = str_starts(url, "recording:");
	lookup->rate = rate;
	lookup->done = done;
	lookup->arg = arg;
	lookup->fd = -1;
	if (worker_run(clips->workers, "clip_media", look_up, looked_up,
		       lookup)) {
		lookup_free(lookup);
		return NULL;
	}
	clips_hold(clips);

	return lookup;
}

void clip_lookup_cancel(struct clip_lookup *lookup)
{
	if (lookup)
		lookup->done = NULL;
}
