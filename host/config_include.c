/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/config_include.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/str.h"

enum {
	FILE_MAX = 1024 * 1024,
	FILES_MAX = 32,
	INCLUDE_DEPTH_MAX = 8, /**< libconfig itself stops at 10 */
};

struct scan {
	char *dir;
	GString *why;
	unsigned files, depth;
};

static int scan_file(struct scan *scan, const char *path);

static int fault(struct scan *scan, const char *path, unsigned line,
		 const char *what)
{
	g_string_append_printf(scan->why, "%s:%u: %s\n", path, line, what);

	return EINVAL;
}

static int read_fd(int fd, GString *text)
{
	char buf[4096];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		g_string_append_len(text, buf, n);
		if (text->len > FILE_MAX)
			return EFBIG;
	}

	return 0;
}

/* The whole text, in memory and of bounded size */
static int read_text(const char *path, GString *text)
{
	struct stat st;
	int fd, err;

	/* not blocking: a FIFO in its place must not hang the start */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		err = errno;
	else if (!S_ISREG(st.st_mode))
		err = EISDIR;
	else
		err = read_fd(fd, text);
	close(fd);

	return err;
}

/* Skip what is no code: a comment or a string. @return Its end, or p */
static const char *skip(const char *p)
{
	const char *end;

	if (*p == '#' || str_starts(p, "//"))
		return p + strcspn(p, "\n");
	if (str_starts(p, "/*")) {
		end = strstr(p + 2, "*/");
		return end ? end + 2 : p + strlen(p);
	}
	if (*p != '"')
		return p;
	for (++p; *p && *p != '"'; ++p)
		if (*p == '\\' && p[1])
			++p;

	return *p ? p + 1 : p;
}

static unsigned lines_in(const char *from, const char *to)
{
	unsigned n = 0;

	for (; from < to; ++from)
		n += *from == '\n';

	return n;
}

static int follow(struct scan *scan, const char *path, unsigned line,
		  const char *name, size_t len)
{
	char *base, *sub;
	int err;

	if (!len || memchr(name, '/', len) || memchr(name, '\\', len) ||
	    name[0] == '.')
		return fault(scan, path, line,
			     "@include: only a file beside this one");
	if (scan->depth >= INCLUDE_DEPTH_MAX || scan->files >= FILES_MAX)
		return fault(scan, path, line, "@include: too many files");

	base = g_strndup(name, len);
	sub = g_build_filename(scan->dir, base, NULL);
	++scan->depth;
	err = scan_file(scan, sub);
	--scan->depth;
	if (err == ENOENT)
		err = fault(scan, path, line, "@include: no such file");
	g_free(sub);
	g_free(base);

	return err;
}

/* At "@include": its argument, as libconfig will take it */
static int scan_include(struct scan *scan, const char *path, unsigned line,
			const char **pp)
{
	const char *p = *pp + strlen("@include");
	const char *end;

	p += strspn(p, " \t");
	end = *p == '"' ? skip(p) : p;
	*pp = end;
	if (end - p < 2 || end[-1] != '"')
		return 0; /* libconfig says what is wrong */

	return follow(scan, path, line, p + 1, (size_t)(end - p) - 2);
}

static int scan_text(struct scan *scan, const char *path, const char *text)
{
	const char *p = text;
	unsigned line = 1;
	int err = 0;

	while (*p && !err) {
		const char *from = p;

		p = skip(p);
		if (p == from && str_starts(p, "@include"))
			err = scan_include(scan, path, line, &p);
		else if (p == from)
			++p;
		line += lines_in(from, p);
	}

	return err;
}

static int scan_file(struct scan *scan, const char *path)
{
	GString *text = g_string_new(NULL);
	int err;

	++scan->files;
	err = read_text(path, text);
	if (!err && memchr(text->str, '\0', text->len))
		err = fault(scan, path, 1, "holds a NUL byte");
	else if (!err)
		err = scan_text(scan, path, text->str);
	else if (err == EFBIG)
		err = fault(scan, path, 1, "larger than 1 MiB");
	else if (err != ENOENT)
		err = fault(scan, path, 1, g_strerror(err));
	g_string_free(text, TRUE);

	return err;
}

int config_include_check(const char *path, GString *why)
{
	struct scan scan = {.why = why};
	int err;

	scan.dir = g_path_get_dirname(path);
	err = scan_file(&scan, path);
	if (err == ENOENT)
		g_string_append_printf(why, "%s: no such file\n", path);
	g_free(scan.dir);

	return err;
}
