/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/str.h"
#include "host/log.h"
#include "rest/rest_priv.h"

enum {
	BACKLOG = 511,
	/* above our own limits, so that our own answers are given */
	MEMORY_PER_CONNECTION = 64 * 1024,
};

__attribute__((format(printf, 2, 0))) static void
on_log(void *arg, const char *fmt, va_list ap)
{
	char line[256];

	if (!log_is_on(LOG_AT_DEBUG))
		return;

	vsnprintf(line, sizeof(line), fmt, ap);
	g_strchomp(line);
	log_debug("rest: libmicrohttpd: %s", line);
}

/* Nobody new while it stops */
static enum MHD_Result on_accept(void *arg, const struct sockaddr *addr,
				 socklen_t len)
{
	const struct rest *rest = arg;

	return atomic_load(&rest->stopping) ? MHD_NO : MHD_YES;
}

static void on_connection(void *arg, struct MHD_Connection *conn,
			  void **contextp,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info;
	struct rest *rest = arg;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		rest_conn_remove(rest->conns, *contextp);
		*contextp = NULL;
		return;
	}
	info = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (info)
		*contextp = rest_conn_add(rest->conns, info->connect_fd, rest);
}

static void *on_target(void *arg, const char *target,
		       struct MHD_Connection *conn)
{
	return rest_exchange_new(arg, conn, target);
}

/* NOLINTNEXTLINE(readability-function-size): libmicrohttpd's signature */
/* the shape is libmicrohttpd's */
/* NOLINTNEXTLINE(readability-function-size) */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *conn,
				  const char *url, const char *method,
				  const char *version, const char *data,
				  size_t *lenp, void **contextp)
{
	return rest_exchange_step(*contextp, method, version, data, lenp) ==
			       MHD_YES
		       ? MHD_YES
		       : MHD_NO;
}

static void on_completed(void *arg, struct MHD_Connection *conn,
			 void **contextp, enum MHD_RequestTerminationCode code)
{
	rest_exchange_free(*contextp);
	*contextp = NULL;
}

/* Targets are decoded by us, once and after they were cut */
static size_t leave_encoded(void *arg, struct MHD_Connection *conn, char *text)
{
	return strlen(text);
}

/* GnuTLS gives no argument, but libmicrohttpd puts its connection there */
/* NOLINTNEXTLINE(readability-function-size): GnuTLS's signature */
/* NOLINTNEXTLINE(readability-function-size): the shape is GnuTLS's */
static int on_certificate(gnutls_session_t session, const gnutls_datum_t *ca,
			  int nca, const gnutls_pk_algorithm_t *algos,
			  int nalgos, gnutls_pcert_st **certsp,
			  unsigned *ncertsp, gnutls_privkey_t *keyp)
{
	struct MHD_Connection *conn = gnutls_session_get_ptr(session);
	const union MHD_ConnectionInfo *info = NULL;
	struct rest *rest;

	if (conn)
		info = MHD_get_connection_info(
			conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	if (!info || !info->socket_context)
		return -1;
	rest = rest_conn_user(info->socket_context);

	return rest_tls_pick(rest->tls, certsp, ncertsp, keyp);
}

static socklen_t make_address(struct sockaddr_storage *addr, const char *bind,
			      uint16_t port)
{
	struct sockaddr_in6 *in6 = (void *)addr;
	struct sockaddr_in *in = (void *)addr;

	memset(addr, 0, sizeof(*addr));
	if (inet_pton(AF_INET, bind, &in->sin_addr) == 1) {
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		return sizeof(*in);
	}
	if (inet_pton(AF_INET6, bind, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}

	return 0;
}

static uint16_t bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} addr;
	socklen_t len = sizeof(addr);

	memset(&addr, 0, sizeof(addr));
	if (getsockname(fd, &addr.any, &len))
		return 0;

	return ntohs(addr.any.sa_family == AF_INET6 ? addr.in6.sin6_port
						    : addr.in.sin_port);
}

static int open_socket(struct rest *rest)
{
	const struct rest_config *cfg = rest->cfg;
	struct sockaddr_storage addr;
	const socklen_t len = make_address(&addr, cfg->bind, cfg->port);
	const int on = 1;
	int fd, err;

	if (!len)
		return EINVAL;

	fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		    0);
	if (fd < 0)
		return errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (addr.ss_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));

	if (bind(fd, (struct sockaddr *)&addr, len) || listen(fd, BACKLOG)) {
		err = errno;
		close(fd);
		return err;
	}
	rest->listen_fd = fd;
	rest->port = bound_port(fd);

	return 0;
}

static struct MHD_Daemon *start_daemon(struct rest *rest)
{
	const struct rest_config *cfg = rest->cfg;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD |
			 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG;
	/* one thread needs no pool */
	struct MHD_OptionItem more[] = {
		{MHD_OPTION_END, 0, NULL},
		{MHD_OPTION_END, 0, NULL},
		{MHD_OPTION_END, 0, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	size_t n = 0;

	if (strchr(cfg->bind, ':'))
		flags |= MHD_USE_IPv6;
	if (cfg->threads > 1)
		more[n++] =
			(struct MHD_OptionItem){MHD_OPTION_THREAD_POOL_SIZE,
						(intptr_t)cfg->threads, NULL};
	if (rest->tls) {
		flags |= MHD_USE_TLS;
		more[n++] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_CERT_CALLBACK,
						0, (void *)on_certificate};
		more[n++] = (struct MHD_OptionItem){
			MHD_OPTION_HTTPS_PRIORITIES, 0,
			(void *)"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"};
	}

	return MHD_start_daemon(
		flags, rest->port, on_accept, rest, on_request, rest,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, rest,
		MHD_OPTION_LISTEN_SOCKET, rest->listen_fd,
		MHD_OPTION_CONNECTION_LIMIT, cfg->connection_limit,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, cfg->per_ip_limit,
		MHD_OPTION_CONNECTION_TIMEOUT, cfg->connection_timeout_s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_PER_CONNECTION, MHD_OPTION_STRICT_FOR_CLIENT, 0,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_encoded, NULL,
		MHD_OPTION_URI_LOG_CALLBACK, on_target, rest,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, rest,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, rest,
		MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

int rest_server_start(struct rest *rest)
{
	const struct rest_config *cfg = rest->cfg;
	int err;

	err = open_socket(rest);
	if (err) {
		log_error("rest: cannot listen on %s port %u: %s", cfg->bind,
			  cfg->port, strerror(err));
		return err;
	}

	rest->daemon = start_daemon(rest);
	if (!rest->daemon) {
		/* which has closed the socket: the descriptor may be another
		 * thread's by now */
		log_error("rest: libmicrohttpd did not start");
		rest->listen_fd = -1;
		return EIO;
	}
	log_info("rest: %s on %s port %u", rest->tls ? "HTTPS" : "HTTP",
		 cfg->bind, rest->port);

	return 0;
}

/* Not by MHD_quiesce_daemon(): it and a worker both take the socket out of the
 * worker's epoll set, and who comes second aborts the process (0.9.75) */
void rest_server_refuse(struct rest *rest)
{
	atomic_store(&rest->stopping, true);
}

void rest_server_stop(struct rest *rest)
{
	MHD_stop_daemon(rest->daemon); /* and closes the socket it listens on */
	rest->daemon = NULL;
	rest->listen_fd = -1;
}
