/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection of the HTTP peer: what it reads, what a handler may do */
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/http_peer_priv.h"

enum {
	REQUEST_MAX = 32 << 20,
};

/* ---- Bytes ---- */

static ssize_t read_some(struct hpeer_conn *conn, char *buf, size_t size)
{
	if (conn->ssl)
		return SSL_read(conn->ssl, buf, (int)size);

	return recv(conn->fd, buf, size, 0);
}

bool hpeer_send(struct hpeer_conn *conn, const void *data, size_t len)
{
	const char *at = data;

	while (len && conn->fd >= 0) {
		const ssize_t n =
			conn->ssl ? SSL_write(conn->ssl, at, (int)len)
				  : send(conn->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0) {
			conn->over = true;
			return false;
		}
		at += n;
		len -= (size_t)n;
	}

	return !len;
}

bool hpeer_say(struct hpeer_conn *conn, const char *fmt, ...)
{
	char *text;
	va_list ap;
	bool ok;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	ok = hpeer_send(conn, text, strlen(text));
	g_free(text);

	return ok;
}

/* @return false: the client has gone, or the peer is being closed */
static bool wait_ms(struct hpeer_conn *conn, int ms)
{
	struct pollfd pfd[2] = {
		{.fd = conn->peer->stop_fd, .events = POLLIN},
		{.fd = conn->fd, .events = POLLRDHUP},
	};

	if (!conn->over && poll(pfd, 2, ms) == 0)
		return true;
	conn->over = true;

	return false;
}

bool hpeer_pause(struct hpeer_conn *conn, unsigned ms)
{
	return wait_ms(conn, (int)ms);
}

void hpeer_hang(struct hpeer_conn *conn)
{
	(void)wait_ms(conn, -1);
}

bool hpeer_trickle(struct hpeer_conn *conn, const void *data, size_t len,
		   size_t step, unsigned pause_ms)
{
	const char *at = data;

	while (len) {
		const size_t n = MIN(step, len);

		if (!hpeer_send(conn, at, n) || !hpeer_pause(conn, pause_ms))
			return false;
		at += n;
		len -= n;
	}

	return true;
}

void hpeer_flood(struct hpeer_conn *conn, const void *data, size_t len)
{
	while (hpeer_send(conn, data, len) && hpeer_pause(conn, 0))
		;
}

void hpeer_end(struct hpeer_conn *conn)
{
	conn->over = true;
}

void hpeer_reset(struct hpeer_conn *conn)
{
	const struct linger now = {.l_onoff = 1};

	(void)setsockopt(conn->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	conn->over = true;
}

/* ---- Answers ---- */

bool hpeer_answer_data(struct hpeer_conn *conn, int status, const char *fields,
		       const void *data, size_t len)
{
	/* in one piece, or the client may answer between */
	GString *text = g_string_new(NULL);
	bool ok;

	g_string_printf(text,
			"HTTP/1.1 %d Whatever\r\n%sContent-Length: %zu\r\n\r\n",
			status, fields ? fields : "", len);
	g_string_append_len(text, data, (gssize)len);
	ok = hpeer_send(conn, text->str, text->len);
	g_string_free(text, TRUE);

	return ok;
}

bool hpeer_answer(struct hpeer_conn *conn, int status, const char *fields,
		  const char *body)
{
	return hpeer_answer_data(conn, status, fields, body, strlen(body));
}

void hpeer_raw(struct hpeer_conn *conn, const struct hpeer_request *req,
	       void *arg)
{
	(void)req;
	hpeer_send(conn, arg, strlen(arg));
	hpeer_end(conn);
}

/* ---- Requests ---- */

/* Until so many bytes are there, or an empty line when it is 0.
 * @return Where the head ends, or the length; 0: the client has gone */
static size_t fill(struct hpeer_conn *conn, size_t wanted)
{
	char buf[16384];

	while (conn->in->len <= REQUEST_MAX) {
		const char *end = strstr(conn->in->str, "\r\n\r\n");
		ssize_t n;

		if (wanted && conn->in->len >= wanted)
			return wanted;
		if (!wanted && end)
			return (size_t)(end - conn->in->str) + 4;
		n = read_some(conn, buf, sizeof(buf));
		if (n <= 0)
			return 0;
		g_string_append_len(conn->in, buf, n);
	}

	return 0;
}

static size_t body_len(const struct hpeer_request *req)
{
	char *text = hpeer_field(req, "Content-Length");
	const guint64 len = text ? g_ascii_strtoull(text, NULL, 10) : 0;

	g_free(text);

	return len > REQUEST_MAX ? 0 : (size_t)len;
}

static void split_line(struct hpeer_request *req)
{
	const char *line = req->head;
	const size_t method = strcspn(line, " \r");
	const char *target = line + method + (line[method] == ' ');

	req->method = g_strndup(line, method);
	req->target = g_strndup(target, strcspn(target, " \r"));
}

/* Kept until the peer is closed. @return NULL: none came any more */
static const struct hpeer_request *next_request(struct hpeer_conn *conn)
{
	const size_t head = fill(conn, 0);
	struct hpeer_request *req;
	struct hpeer *peer = conn->peer;

	if (!head)
		return NULL;

	req = g_new0(struct hpeer_request, 1);
	req->connection = conn->nth;
	req->head = g_strndup(conn->in->str, head);
	split_line(req);
	req->body_len = body_len(req);
	if (!fill(conn, head + req->body_len)) {
		hpeer_request_free(req);
		return NULL;
	}
	req->body = g_malloc0(req->body_len + 1);
	memcpy(req->body, conn->in->str + head, req->body_len);
	g_string_erase(conn->in, 0, (gssize)(head + req->body_len));

	pthread_mutex_lock(&peer->mtx);
	req->nth = peer->requests->len;
	g_ptr_array_add(peer->requests, req);
	pthread_cond_broadcast(&peer->cond);
	pthread_mutex_unlock(&peer->mtx);

	return req;
}

static bool shake_hands(struct hpeer_conn *conn)
{
	if (!conn->peer->tls)
		return true;
	conn->ssl = SSL_new(conn->peer->tls);

	return conn->ssl && SSL_set_fd(conn->ssl, conn->fd) &&
	       SSL_accept(conn->ssl) == 1;
}

void *hpeer_serve(void *arg)
{
	struct hpeer_conn *conn = arg;
	struct hpeer *peer = conn->peer;
	const struct hpeer_request *req;
	sigset_t pipe;

	/* TLS writes without MSG_NOSIGNAL */
	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL);
	if (shake_hands(conn)) {
		while (!conn->over && (req = next_request(conn))) {
			if (peer->prm.handler)
				peer->prm.handler(conn, req, peer->prm.arg);
			else
				hpeer_answer(conn, 200, NULL, "ok");
		}
		if (conn->ssl)
			(void)SSL_shutdown(conn->ssl);
	}
	SSL_free(conn->ssl);

	pthread_mutex_lock(&peer->mtx);
	close(conn->fd);
	conn->fd = -1;
	++peer->nclosed;
	pthread_cond_broadcast(&peer->cond);
	pthread_mutex_unlock(&peer->mtx);

	return NULL;
}
