/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Uploaded files and recordings: which file it is, the store says, each time.
 * Of an upload the PCM is there, in DATA/media/ID/RATE.pcm, and a file that was
 * replaced is heard anew. A recording is decoded like any file. What a flow has
 * just recorded may not be written down yet: it is looked for again, a moment
 * long.
 */
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
#include "loop/loop.h"
#include "loop/worker.h"
#include "record/record.h"

/* an id goes before another one's name */
static const char sql_find[] =
	"SELECT id FROM media WHERE account_id = ?1 AND (id = ?2 OR name = ?2)"
	" ORDER BY id = ?2 DESC LIMIT 1";

static const char sql_recording[] =
	"SELECT id, format, status IN ('finished', 'failed') FROM recording"
	" WHERE account_id = ?1 AND id = ?2";

enum {
	AGAIN_MS = 20,
	RUNS_MS = 2000,   /* that runs: until it is over */
	UNKNOWN_MS = 500, /* that nobody knows: until it is written down */
};

struct clip_lookup {
	/* set at the start, then read-only */
	struct clips *clips;
	char account_id[ID_SIZE];
	char *url;
	const char *ref; /* in url */
	bool is_recording;
	unsigned rate;
	/* thread: loop; NULL = canceled */
	void (*done)(void *arg, const struct clip_found *found);
	void *arg;
	int64_t since_ms;
	struct timer again;

	/* thread: worker, then loop */
	char id[ID_SIZE];
	char path[RECORD_PATH_SIZE]; /* of a recording, below the data */
	bool runs;                   /* a recording that is not over */
	int err;
	int fd;
	int64_t samples;
};

static bool on_row(void *arg, const struct db_row *row)
{
	struct clip_lookup *lookup = arg;

	(void)str_copy(lookup->id, sizeof(lookup->id), db_text(row, 0));

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

static bool on_recording(void *arg, const struct db_row *row)
{
	struct clip_lookup *lookup = arg;
	enum record_format format;

	(void)str_copy(lookup->id, sizeof(lookup->id), db_text(row, 0));
	if (!record_format_by_name(db_text(row, 1), &format))
		record_path(lookup->path, lookup->id, format);
	lookup->runs = !db_int(row, 2);

	return false;
}

static void look_up(void *arg) /* Thread: worker */
{
	struct clip_lookup *lookup = arg;
	const bool recording = lookup->is_recording;
	const struct db_value params[] = {DB_S(lookup->account_id),
					  DB_S(lookup->ref)};

	lookup->id[0] = '\0';
	lookup->runs = false;
	lookup->err =
		db_read(lookup->clips->db, recording ? sql_recording : sql_find,
			params, 2, recording ? on_recording : on_row, lookup);
	if (!lookup->err && !id_is_valid(lookup->id))
		lookup->err = ENOENT;
	if (!lookup->err && !recording)
		lookup->err = open_pcm(lookup);
	if (!lookup->err && lookup->runs)
		lookup->err = ENOENT;
}

static void judge(const struct clip_lookup *lookup, struct clip_fault *fault)
{
	if (lookup->runs)
		clip_fault_set(fault, ENOENT, "media_not_found",
			       "%s: it is not over yet", lookup->url);
	else if (lookup->err == ENOENT && !lookup->id[0])
		clip_fault_set(fault, ENOENT, "media_not_found",
			       "%s: there is no such file in the account",
			       lookup->url);
	else if (lookup->err == ENOENT)
		clip_fault_set(fault, ENOENT, "media_not_found",
			       "%s: its sound is not there", lookup->url);
	else if (lookup->err)
		clip_fault_set(fault, lookup->err, "busy",
			       "%s: cannot be read now", lookup->url);
}

/* Nothing is left of it */
static void over(struct clip_lookup *lookup)
{
	struct clips *clips = lookup->clips;

	g_free(lookup->url);
	g_free(lookup);
	clips_release(clips);
}

static void tell(struct clip_lookup *lookup)
{
	struct clips *clips = lookup->clips;
	struct clip_found found = {.pcm = NULL};
	char *path = NULL;

	judge(lookup, &found.fault);
	if (lookup->err && lookup->err != ENOENT)
		log_error("clips: %s: %s", lookup->url, strerror(lookup->err));
	if (lookup->fd >= 0)
		found.pcm =
			clip_pcm_alloc(lookup->fd, lookup->samples, CLIP_WHOLE);
	if (!found.fault.code && lookup->is_recording)
		path = g_build_filename(clips->data_dir, lookup->path, NULL);
	found.path = path;
	if (lookup->done)
		lookup->done(lookup->arg, &found);
	feeder_unref(clips->feeder, found.pcm);
	clip_fault_clear(&found.fault);
	g_free(path);
	over(lookup);
}

static int64_t now_ms(const struct clip_lookup *lookup)
{
	return clock_mono_ms(loop_clock(lookup->clips->loop));
}

static bool may_come(const struct clip_lookup *lookup)
{
	const int64_t most = lookup->runs ? RUNS_MS : UNKNOWN_MS;

	return lookup->done && lookup->is_recording && lookup->err == ENOENT &&
	       now_ms(lookup) - lookup->since_ms < most;
}

static void looked_up(void *arg);

static void look_again(void *arg)
{
	struct clip_lookup *lookup = arg;

	if (!lookup->done || worker_run(lookup->clips->workers, "clip_lookup",
					look_up, looked_up, lookup))
		tell(lookup);
}

static void looked_up(void *arg) /* Thread: loop */
{
	struct clip_lookup *lookup = arg;

	if (may_come(lookup))
		timer_start(lookup->clips->timers, &lookup->again, AGAIN_MS,
			    "clip_lookup", look_again, lookup);
	else
		tell(lookup);
}

struct clip_lookup *
clip_lookup_start(struct clips *clips, const char *account_id, const char *url,
		  unsigned rate,
		  void (*done)(void *arg, const struct clip_found *found),
		  void *arg)
{
	struct clip_lookup *lookup = g_new0(struct clip_lookup, 1);

	lookup->clips = clips;
	(void)str_copy(lookup->account_id, ID_SIZE, account_id);
	lookup->url = g_strdup(url);
	lookup->ref = strchr(lookup->url, ':') + 1;
	lookup->is_recording = str_starts(url, "recording:");
	lookup->rate = rate;
	lookup->done = done;
	lookup->arg = arg;
	lookup->since_ms = now_ms(lookup);
	lookup->fd = -1;
	if (worker_run(clips->workers, "clip_lookup", look_up, looked_up,
		       lookup)) {
		g_free(lookup->url);
		g_free(lookup);
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
