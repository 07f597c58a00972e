/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A hosts file (hosts(5)): an address, its names, and comments from # on */
#include "hosts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"

enum {
	LINE_SIZE = 1024,
	LINES_MAX = 4096 /* of a file that somebody made a block list */
};

static const char blanks[] = " \t\r\n";

static bool is_address(const char *text, bool ip6)
{
	unsigned char bytes[sizeof(struct in6_addr)];

	return inet_pton(ip6 ? AF_INET6 : AF_INET, text, bytes) == 1;
}

/* Its address, when the line has one of this kind for the name; or NULL */
static const char *read_line(char *line, const char *name, bool ip6)
{
	char *save = NULL;
	const char *address, *word;

	line[strcspn(line, "#")] = '\0';
	address = strtok_r(line, blanks, &save);
	if (!address || !is_address(address, ip6))
		return NULL;
	while ((word = strtok_r(NULL, blanks, &save)))
		if (!strcasecmp(word, name))
			return address;

	return NULL;
}

int sipx_hosts_find(char *out, size_t size, const char *path, const char *name,
		    bool ip6)
{
	FILE *file = is_address(name, false) ? NULL : fopen(path, "re");
	char line[LINE_SIZE];
	const char *address;
	int err = ENOENT;
	int n = 0;

	while (file && err && n++ < LINES_MAX &&
	       fgets(line, sizeof(line), file)) {
		address = read_line(line, name, ip6);
		if (address)
			err = str_copy(out, size, address);
	}
	if (file)
		(void)fclose(file);

	return err;
}
