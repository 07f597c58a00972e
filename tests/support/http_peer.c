/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/http_peer_priv.h"

enum {
	WAIT_S = 120,
};

static void need(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "http_peer: %s: %s\n", what, strerror(errno));
	abort();
}

/* ---- What came ---- */

void hpeer_request_free(void *arg)
{
	struct hpeer_request *req = arg;

	g_free(req->method);
	g_free(req->target);
	g_free(req->head);
	g_free(req->body);
	g_free(req);
}

static void conn_free(void *arg)
{
	struct hpeer_conn *conn = arg;

	g_string_free(conn->in, TRUE);
	g_free(conn);
}

/* Inside the lock. Aborts after a while: a test that waits in vain has failed
 */
static void wait_inside(struct hpeer *peer, const char *what)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_S;
	errno = pthread_cond_timedwait(&peer->cond, &peer->mtx, &until);
	need(!errno, what);
}

unsigned hpeer_count(struct hpeer *peer)
{
	unsigned n;

	pthread_mutex_lock(&peer->mtx);
	n = peer->requests->len;
	pthread_mutex_unlock(&peer->mtx);

	return n;
}

const struct hpeer_request *hpeer_wait(struct hpeer *peer, unsigned n)
{
	const struct hpeer_request *req;

	pthread_mutex_lock(&peer->mtx);
	while (peer->requests->len < n)
		wait_inside(peer, "a request is missing");
	req = peer->requests->pdata[n - 1];
	pthread_mutex_unlock(&peer->mtx);

	return req;
}

const struct hpeer_request *hpeer_request(struct hpeer *peer, unsigned i)
{
	return hpeer_wait(peer, i + 1);
}

char *hpeer_field(const struct hpeer_request *req, const char *name)
{
	const size_t len = strlen(name);
	const char *line = strstr(req->head, "\r\n");

	for (; line; line = strstr(line, "\r\n")) {
		line += 2;
		if (g_ascii_strncasecmp(line, name, len) == 0 &&
		    line[len] == ':')
			return g_strstrip(g_strndup(
				line + len + 1, strcspn(line + len + 1, "\r")));
	}

	return NULL;
}

bool hpeer_has(const struct hpeer_request *req, const char *name)
{
	char *value = hpeer_field(req, name);
	const bool has = value != NULL;

	g_free(value);

	return has;
}

unsigned hpeer_connections(struct hpeer *peer)
{
	unsigned n;

	pthread_mutex_lock(&peer->mtx);
	n = peer->conns->len;
	pthread_mutex_unlock(&peer->mtx);

	return n;
}

void hpeer_wait_closed(struct hpeer *peer, unsigned n)
{
	pthread_mutex_lock(&peer->mtx);
	while (peer->nclosed < n)
		wait_inside(peer, "a connection is still open");
	pthread_mutex_unlock(&peer->mtx);
}

/* ---- Listen ---- */

static void take_connection(struct hpeer *peer, int fd)
{
	struct hpeer_conn *conn = g_new0(struct hpeer_conn, 1);

	conn->peer = peer;
	conn->fd = fd;
	conn->in = g_string_new(NULL);
	pthread_mutex_lock(&peer->mtx);
	conn->nth = peer->conns->len;
	g_ptr_array_add(peer->conns, conn);
	need(!pthread_create(&conn->thread, NULL, hpeer_serve, conn), "thread");
	pthread_mutex_unlock(&peer->mtx);
}

static void *listen_main(void *arg)
{
	struct hpeer *peer = arg;
	struct pollfd pfd[2] = {{.fd = peer->stop_fd, .events = POLLIN},
				{.fd = peer->fd, .events = POLLIN}};

	while (poll(pfd, 2, -1) >= 0 || errno == EINTR) {
		int fd;

		if (pfd[0].revents)
			break;
		fd = accept4(peer->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			take_connection(peer, fd);
	}

	return NULL;
}

/* A full queue of connections that nobody accepts: the next is not answered */
static void go_deaf(struct hpeer *peer, const struct sockaddr_in *addr)
{
	for (size_t i = 0; i < G_N_ELEMENTS(peer->fill); ++i) {
		peer->fill[i] = socket(
			AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(peer->fill[i], (const void *)addr, sizeof(*addr));
	}
}

static void start_listening(struct hpeer *peer)
{
	struct sockaddr_in addr = {.sin_family = AF_INET};
	socklen_t len = sizeof(addr);

	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	peer->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	need(!bind(peer->fd, (void *)&addr, sizeof(addr)), "bind");
	need(!listen(peer->fd, peer->prm.deaf ? 0 : 512), "listen");
	need(!getsockname(peer->fd, (void *)&addr, &len), "getsockname");
	peer->port = ntohs(addr.sin_port);
	if (peer->prm.deaf)
		go_deaf(peer, &addr);
	else
		need(!pthread_create(&peer->thread, NULL, listen_main, peer),
		     "thread");
}

struct hpeer *hpeer_open(const struct hpeer_params *prm)
{
	struct hpeer *peer = g_new0(struct hpeer, 1);

	peer->prm = *prm;
	pthread_mutex_init(&peer->mtx, NULL);
	pthread_cond_init(&peer->cond, NULL);
	peer->conns = g_ptr_array_new_with_free_func(conn_free);
	peer->requests = g_ptr_array_new_with_free_func(hpeer_request_free);
	peer->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	need(peer->stop_fd >= 0, "eventfd");
	if (prm->tls)
		hpeer_make_certificate(peer);
	start_listening(peer);

	return peer;
}

/* Those that read or write are woken */
static void end_connections(struct hpeer *peer)
{
	guint i;

	pthread_mutex_lock(&peer->mtx);
	for (i = 0; i < peer->conns->len; ++i) {
		const struct hpeer_conn *conn = peer->conns->pdata[i];

		if (conn->fd >= 0)
			(void)shutdown(conn->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&peer->mtx);
	for (i = 0; i < peer->conns->len; ++i) {
		const struct hpeer_conn *conn = peer->conns->pdata[i];

		pthread_join(conn->thread, NULL);
	}
}

struct hpeer *hpeer_close(struct hpeer *peer)
{
	if (!peer)
		return NULL;

	need(!eventfd_write(peer->stop_fd, 1), "eventfd");
	if (peer->prm.deaf)
		for (size_t i = 0; i < G_N_ELEMENTS(peer->fill); ++i)
			close(peer->fill[i]);
	else
		pthread_join(peer->thread, NULL);
	end_connections(peer);

	close(peer->fd);
	close(peer->stop_fd);
	if (peer->ca_file)
		(void)g_unlink(peer->ca_file);
	g_free(peer->ca_file);
	SSL_CTX_free(peer->tls);
	g_ptr_array_unref(peer->conns);
	g_ptr_array_unref(peer->requests);
	pthread_cond_destroy(&peer->cond);
	pthread_mutex_destroy(&peer->mtx);
	g_free(peer);

	return NULL;
}

uint16_t hpeer_port(const struct hpeer *peer)
{
	return peer->port;
}

char *hpeer_url(const struct hpeer *peer, const char *path)
{
	return g_strdup_printf("%s://127.0.0.1:%u%s",
			       peer->prm.tls ? "https" : "http", peer->port,
			       path);
}

const char *hpeer_ca_file(const struct hpeer *peer)
{
	return peer->ca_file;
}
