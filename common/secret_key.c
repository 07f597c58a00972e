/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/secret.h"
#include "common/str.h"

static int read_whole(int fd, uint8_t *buf, size_t len)
{
	while (len) {
		const ssize_t n = read(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (!n)
			return EINVAL;
		buf += n;
		len -= (size_t)n;
	}

	return 0;
}

static int write_whole(int fd, const uint8_t *buf, size_t len)
{
	while (len) {
		const ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		buf += n;
		len -= (size_t)n;
	}

	return 0;
}

static int read_key(uint8_t *key, const char *path)
{
	uint8_t buf[SECRET_KEY_LEN];
	struct stat st;
	int fd, err;

	/* not blocking: a FIFO in its place must not hang the start */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno;

	if (fstat(fd, &st))
		err = errno;
	else if (!S_ISREG(st.st_mode) || st.st_size != SECRET_KEY_LEN ||
		 (st.st_mode & (S_IRWXG | S_IRWXO)))
		err = EINVAL;
	else
		err = read_whole(fd, buf, sizeof(buf));
	close(fd);

	if (!err)
		memcpy(key, buf, sizeof(buf));
	OPENSSL_cleanse(buf, sizeof(buf));

	return err;
}

/* The name must survive a power cut, or the next start makes another key */
static void sync_dir(const char *path)
{
	char *dir = g_path_get_dirname(path);
	const int fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	g_free(dir);
}

static int write_new(const char *path)
{
	uint8_t buf[SECRET_KEY_LEN];
	int fd, err;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		  S_IRUSR | S_IWUSR);
	if (fd < 0)
		return errno;

	secret_random(buf, sizeof(buf));
	err = write_whole(fd, buf, sizeof(buf));
	if (!err && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	OPENSSL_cleanse(buf, sizeof(buf));

	return err;
}

/* Written beside and linked into place: nobody ever reads half a key, and of
 * two that start at once the first one's key stays */
static int make_key(const char *path)
{
	uint8_t rnd[8];
	char hex[2 * sizeof(rnd) + 1];
	char *tmp;
	int err;

	secret_random(rnd, sizeof(rnd));
	str_hex(hex, rnd, sizeof(rnd));
	tmp = g_strdup_printf("%s.%s", path, hex);

	err = write_new(tmp);
	if (!err && link(tmp, path))
		err = errno;
	unlink(tmp);
	g_free(tmp);
	if (!err)
		sync_dir(path);

	return err == EEXIST ? 0 : err;
}

int secret_key_load(uint8_t key[SECRET_KEY_LEN], const char *path)
{
	int err;

	if (!key || !path)
		return EINVAL;

	err = read_key(key, path);
	if (err != ENOENT)
		return err;
	err = make_key(path);
	if (err)
		return err;

	return read_key(key, path);
}
