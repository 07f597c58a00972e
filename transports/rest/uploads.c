/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/str.h"
#include "host/log.h"
#include "rest/upload_priv.h"

enum {
	/* stays free: calls are stored on the same disk */
	HEADROOM_BYTES = 64 << 20
};

#define TMP_DIR "tmp"

/* What a crash left: nobody waits for it any more */
static int remove_leftovers(const char *dir)
{
	const char *prefix = &REST_UPLOAD_PREFIX[sizeof(TMP_DIR)];
	struct dirent *entry;
	unsigned n = 0;
	DIR *d = opendir(dir);

	if (!d)
		return errno;

	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread has it */
	while ((entry = readdir(d))) {
		if (!str_starts(entry->d_name, prefix))
			continue;
		if (!unlinkat(dirfd(d), entry->d_name, 0))
			++n;
	}
	closedir(d);
	if (n)
		log_info("rest: %u unfinished uploads were removed", n);

	return 0;
}

int rest_uploads_alloc(struct rest_uploads **upsp,
		       const struct rest_uploads_params *prm)
{
	struct rest_uploads *ups;
	char *dir;
	int err;

	if (!upsp || !prm || !prm->data_dir || !prm->limit)
		return EINVAL;

	dir = g_build_filename(prm->data_dir, TMP_DIR, NULL);
	err = g_mkdir_with_parents(dir, 0700) ? errno : remove_leftovers(dir);
	if (err) {
		log_error("rest: cannot use %s for uploads: %s", dir,
			  g_strerror(err));
		g_free(dir);
		return err;
	}
	g_free(dir);

	ups = g_new0(struct rest_uploads, 1);
	ups->prm = *prm;
	ups->data_dir = g_strdup(prm->data_dir);
	ups->prm.data_dir = ups->data_dir;
	ups->places = g_malloc0_n(prm->limit, REST_ACCOUNT_SIZE);
	pthread_mutex_init(&ups->mtx, NULL);
	*upsp = ups;

	return 0;
}

struct rest_uploads *rest_uploads_free(struct rest_uploads *ups)
{
	if (!ups)
		return NULL;

	pthread_mutex_destroy(&ups->mtx);
	g_free(ups->places);
	g_free(ups->data_dir);
	g_free(ups);

	return NULL;
}

unsigned rest_uploads_count(struct rest_uploads *ups)
{
	unsigned i, n = 0;

	if (!ups)
		return 0;

	pthread_mutex_lock(&ups->mtx);
	for (i = 0; i < ups->prm.limit; ++i)
		n += *ups->places[i] != '\0';
	pthread_mutex_unlock(&ups->mtx);

	return n;
}

bool rest_uploads_enter(struct rest_uploads *ups, const char *account_id,
			struct rest_fault *fault)
{
	unsigned i, own = 0, place = ups->prm.limit;

	pthread_mutex_lock(&ups->mtx);
	for (i = 0; i < ups->prm.limit; ++i) {
		own += str_eq(ups->places[i], account_id);
		if (!*ups->places[i])
			place = i;
	}
	if (own >= ups->prm.account_limit)
		rest_fault_set(fault, API_ERR_rate_limit,
			       "an account may have %u uploads at once",
			       ups->prm.account_limit);
	else if (place == ups->prm.limit)
		rest_fault_set(fault, API_ERR_busy, "too many uploads at once");
	else
		(void)str_copy(ups->places[place], REST_ACCOUNT_SIZE,
			       account_id);
	pthread_mutex_unlock(&ups->mtx);

	return !fault->err;
}

void rest_uploads_leave(struct rest_uploads *ups, const char *account_id)
{
	unsigned i;

	pthread_mutex_lock(&ups->mtx);
	for (i = 0; i < ups->prm.limit; ++i) {
		if (str_eq(ups->places[i], account_id)) {
			*ups->places[i] = '\0';
			break;
		}
	}
	pthread_mutex_unlock(&ups->mtx);
}

bool rest_uploads_has_room(const struct rest_uploads *ups, int64_t length,
			   struct rest_fault *fault)
{
	const int64_t need = length >= 0 ? MIN(length, ups->prm.max_bytes) : 0;
	struct statvfs fs;

	/* who cannot tell will say so when it is written */
	if (statvfs(ups->data_dir, &fs))
		return true;
	if ((double)fs.f_bavail * (double)fs.f_frsize >=
	    (double)need + HEADROOM_BYTES)
		return true;

	rest_fault_set(fault, API_ERR_disk_full,
		       "there is no room left on the disk");

	return false;
}
