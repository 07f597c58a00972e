/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/media_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"
#include "host/log.h"

enum {
	UPLOAD_HEX = 32,
	SUFFIX_BYTES = 4,
	READ_SIZE = 64 * 1024,
};

const unsigned media_rates[MEDIA_NRATES] = {8000, 16000};

static const char upload_prefix[] = "tmp/upload-";
static const char original[] = "original";

const char *media_check_path(const char *value)
{
	static const char why[] = "is not the path of an upload";
	const char *hex;

	if (!str_starts(value, upload_prefix))
		return why;

	hex = value + sizeof(upload_prefix) - 1;

	return strlen(hex) == UPLOAD_HEX &&
			       !hex[strspn(hex, "0123456789abcdef")]
		       ? NULL
		       : why;
}

void media_folder_new(char out[MEDIA_FOLDER_SIZE], const char *id)
{
	char hex[2 * SUFFIX_BYTES + 1];
	uint8_t bytes[SUFFIX_BYTES];

	secret_random(bytes, sizeof(bytes));
	str_hex(hex, bytes, sizeof(bytes));
	g_snprintf(out, MEDIA_FOLDER_SIZE, "%s.%s", id, hex);
}

/* DATA/media, or a folder in it; g_free() it */
static char *path_of(const char *data_dir, const char *folder)
{
	return g_build_filename(data_dir, "media", folder, NULL);
}

/* @return A descriptor of the folder, or -1 */
static int open_folder(const char *data_dir, const char *folder)
{
	char *path = path_of(data_dir, folder);
	const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	g_free(path);

	return fd;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void media_fds_close(struct media_fds *fds)
{
	size_t i;

	for (i = 0; i < MEDIA_NRATES; ++i) {
		close_one(&fds->in[i]);
		close_one(&fds->out[i]);
	}
}

static void pcm_name(char out[24], unsigned rate)
{
	g_snprintf(out, 24, "%u.pcm", rate);
}

/* A plain file, for it may have been anything in tmp/ */
static int open_original(int dir, int *fdp)
{
	const int fd = openat(dir, original,
			      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return errno == ELOOP ? EINVAL : errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return EINVAL;
	}
	*fdp = fd;

	return 0;
}

static int open_all(struct media_fds *fds, int dir)
{
	char name[24];
	size_t i;
	int err = 0;

	for (i = 0; !err && i < MEDIA_NRATES; ++i) {
		err = open_original(dir, &fds->in[i]);
		if (err)
			break;
		pcm_name(name, media_rates[i]);
		fds->out[i] = openat(
			dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fds->out[i] < 0)
			err = errno;
	}

	return err;
}

/* A descriptor of the new folder in *dirp */
static int make_folder(int *dirp, const char *data_dir, const char *folder)
{
	char *path = path_of(data_dir, folder), *parent = path_of(data_dir, "");
	int err = 0;

	if (g_mkdir_with_parents(parent, 0700) || mkdir(path, 0700))
		err = errno;
	if (!err) {
		*dirp = open_folder(data_dir, folder);
		err = *dirp < 0 ? errno : 0;
	}
	g_free(parent);
	g_free(path);

	return err;
}

int media_take(struct media_fds *fds, const char *data_dir, const char *path,
	       const char *folder)
{
	char *from = g_build_filename(data_dir, path, NULL);
	struct stat st;
	int dir = -1, err = 0;

	memset(fds, 0xff, sizeof(*fds)); /* -1 */
	if (lstat(from, &st))
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = EINVAL;
	if (err) {
		g_free(from);
		return err;
	}

	err = make_folder(&dir, data_dir, folder);
	if (!err && renameat(AT_FDCWD, from, dir, original))
		err = errno;
	if (!err)
		err = open_all(fds, dir);

	close_one(&dir);
	g_free(from);
	if (err) {
		media_fds_close(fds);
		(void)media_remove(data_dir, folder);
	}

	return err;
}

static int sync_one(int dir, const char *name, int64_t *totalp)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	int err = 0;

	if (fd < 0 || fstat(fd, &st) || fdatasync(fd))
		err = errno;
	else
		*totalp += st.st_size;
	close_one(&fd);

	return err;
}

int media_sync(const char *data_dir, const char *folder, int64_t *totalp)
{
	int dir = open_folder(data_dir, folder), parent, err;
	char name[24];
	size_t i;

	if (dir < 0)
		return errno;

	*totalp = 0;
	err = sync_one(dir, original, totalp);
	for (i = 0; !err && i < MEDIA_NRATES; ++i) {
		pcm_name(name, media_rates[i]);
		err = sync_one(dir, name, totalp);
	}
	if (!err && fsync(dir))
		err = errno;
	close_one(&dir);

	parent = open_folder(data_dir, "");
	if (!err && (parent < 0 || fsync(parent)))
		err = errno;
	close_one(&parent);

	return err;
}

int media_swap(const char *data_dir, const char *a, const char *b)
{
	int dir = open_folder(data_dir, ""), err = 0;

	if (dir < 0)
		return errno;
	if (renameat2(dir, a, dir, b, RENAME_EXCHANGE) || fsync(dir))
		err = errno;
	close_one(&dir);

	return err;
}

/* Flat: there are no folders in it */
static int empty_folder(int dir)
{
	DIR *d = fdopendir(dir);
	struct dirent *entry;
	int err = 0;

	if (!d) {
		err = errno;
		close(dir);
		return err;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread has it */
	while ((entry = readdir(d))) {
		if (str_eq(entry->d_name, ".") || str_eq(entry->d_name, ".."))
			continue;
		if (unlinkat(dirfd(d), entry->d_name, 0) && errno != ENOENT)
			err = errno;
	}
	closedir(d);

	return err;
}

int media_remove(const char *data_dir, const char *folder)
{
	char *path = path_of(data_dir, folder);
	const int dir =
		open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err = dir < 0 ? errno : empty_folder(dir);

	if (!err && rmdir(path))
		err = errno;
	if (err == ENOENT)
		err = 0;
	if (err)
		log_error("media: cannot remove %s: %s", path, strerror(err));
	g_free(path);

	return err;
}

int media_hash(const char *data_dir, const char *folder,
	       char out[SECRET_SHA256_HEX])
{
	int dir = open_folder(data_dir, folder), fd = -1, err;
	struct secret_hash *hash;
	char *buf;
	ssize_t n;

	err = dir < 0 ? errno : open_original(dir, &fd);
	close_one(&dir);
	if (err)
		return err;

	hash = secret_hash_new();
	buf = g_malloc(READ_SIZE);
	while ((n = read(fd, buf, READ_SIZE)) > 0)
		secret_hash_add(hash, buf, (size_t)n);
	if (n < 0)
		err = errno;
	else
		secret_hash_hex(hash, out);
	secret_hash_free(hash);
	g_free(buf);
	close(fd);

	return err;
}

int media_each(const char *data_dir, void (*fn)(void *arg, const char *name),
	       void *arg)
{
	const int fd = open_folder(data_dir, "");
	struct dirent *entry;
	DIR *d;

	if (fd < 0)
		return errno == ENOENT ? 0 : errno;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return ENOMEM;
	}
	/* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread has it */
	while ((entry = readdir(d)))
		if (entry->d_name[0] != '.')
			fn(arg, entry->d_name);
	closedir(d);

	return 0;
}
