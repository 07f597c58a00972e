/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/rest_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	PATIENCE_S = 60 /* of a machine that is busy */
};

bool rest_client_try(struct rest_client *cli, uint16_t port)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	cli->in = g_string_new(NULL);
	cli->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(cli->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		   sizeof(patience));
	setsockopt(cli->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
		   sizeof(patience));

	return !connect(cli->fd, (struct sockaddr *)&addr, sizeof(addr));
}

void rest_client_open(struct rest_client *cli, uint16_t port)
{
	if (!rest_client_try(cli, port))
		abort();
}

void rest_client_close(struct rest_client *cli)
{
	if (cli->fd >= 0)
		close(cli->fd);
	cli->fd = -1;
	if (cli->in)
		g_string_free(cli->in, TRUE);
	cli->in = NULL;
}

bool rest_client_send(struct rest_client *cli, const char *data, size_t len)
{
	while (len) {
		const ssize_t n = send(cli->fd, data, len, MSG_NOSIGNAL);

		if (n <= 0)
			return false;
		data += n;
		len -= (size_t)n;
	}

	return true;
}

bool rest_client_say(struct rest_client *cli, const char *fmt, ...)
{
	va_list ap;
	char *text;
	bool ok;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	ok = rest_client_send(cli, text, strlen(text));
	g_free(text);

	return ok;
}

/* @return false at the end, or after PATIENCE_S */
static bool more(struct rest_client *cli)
{
	char buf[16384];
	const ssize_t n = recv(cli->fd, buf, sizeof(buf), 0);

	if (n <= 0)
		return false;
	g_string_append_len(cli->in, buf, n);

	return true;
}

bool rest_client_is_closed(struct rest_client *cli)
{
	char buf[4096];
	ssize_t n;

	do {
		n = recv(cli->fd, buf, sizeof(buf), 0);
	} while (n > 0);

	return n == 0 || errno == ECONNRESET;
}

char *rest_result_field(const struct rest_result *res, const char *name)
{
	char **lines, **line, *value = NULL;
	const size_t len = strlen(name);

	lines = g_strsplit(res->head ? res->head : "", "\r\n", 0);
	for (line = lines; *line && !value; ++line)
		if (!g_ascii_strncasecmp(*line, name, len) &&
		    (*line)[len] == ':')
			value = g_strdup(g_strstrip(*line + len + 1));
	g_strfreev(lines);

	return value;
}

static size_t body_length(const struct rest_result *res)
{
	char *text = rest_result_field(res, "Content-Length");
	const size_t len = text ? strtoul(text, NULL, 10) : 0;

	g_free(text);

	return len;
}

void rest_client_read(struct rest_client *cli, struct rest_result *res,
		      bool head_only)
{
	const char *end;
	size_t used;

	memset(res, 0, sizeof(*res));
	while (!(end = strstr(cli->in->str, "\r\n\r\n")))
		if (!more(cli))
			return;

	used = (size_t)(end - cli->in->str) + 4;
	res->head = g_strndup(cli->in->str, used - 2);
	if (strlen(res->head) > 12)
		res->status = (int)strtol(res->head + 9, NULL, 10);
	g_string_erase(cli->in, 0, (gssize)used);
	if (res->status == 100) {
		rest_result_clear(res);
		rest_client_read(cli, res, head_only);
		return;
	}

	res->len = head_only ? 0 : body_length(res);
	while (cli->in->len < res->len)
		if (!more(cli))
			break;
	res->len = MIN(res->len, cli->in->len);
	res->body = g_malloc0(res->len + 1);
	memcpy(res->body, cli->in->str, res->len);
	g_string_erase(cli->in, 0, (gssize)res->len);
	res->json = json_loadb(res->body, res->len, 0, NULL);
}

void rest_client_ask(uint16_t port, struct rest_result *res, const char *method,
		     const char *target, const char *lines, const char *body)
{
	struct rest_client cli;

	rest_client_open(&cli, port);
	rest_client_say(&cli, "%s %s HTTP/1.1\r\nHost: x\r\n%s", method, target,
			lines ? lines : "");
	if (body)
		rest_client_say(&cli, "Content-Length: %zu\r\n\r\n%s",
				strlen(body), body);
	else
		rest_client_say(&cli, "\r\n");
	rest_client_read(&cli, res, !strcmp(method, "HEAD"));
	rest_client_close(&cli);
}

void rest_result_clear(struct rest_result *res)
{
	g_free(res->head);
	g_free(res->body);
	json_decref(res->json);
	memset(res, 0, sizeof(*res));
}

const char *rest_result_str(const struct rest_result *res, const char *key)
{
	const char *text = json_string_value(json_object_get(res->json, key));

	return text ? text : "";
}
