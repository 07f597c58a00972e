/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strangers' TCP connections: so many at once, then those that have been
 * silent for the longest go.
 *
 * sofia accepts whatever connects and asks nobody; connections that say
 * nothing would be kept for TCP_IDLE_MS, and a thousand take the descriptors
 * of calls and API away. sofia shows us neither its listener nor what it
 * accepted, but they are descriptors of ours: the ones whose own address has
 * our port. The listener tells when somebody comes (a duplicate of it, which
 * has an entry of its own in epoll); a moment later all of them are looked
 * at. What is shut down here sofia reads as closed by the peer, and closes.
 * Only this thread does so, hence none of them changes hands meanwhile. */
#include <sofia-sip/su_wait.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/str.h"
#include "host/log.h"

#include "sipx_priv.h"

enum {
	LOOK_MS = 100,
	FD_MAX = 1 << 30,
	LINES_PER_S = 1
};

struct stranger {
	int fd;
	uint32_t silent_ms;
};

struct sipx_connections {
	struct sipx_stack *stack;
	unsigned max;
	int listener; /* a duplicate of sofia's */
	int index;    /* of su_root_register(); 0: not registered */
	DIR *fds;     /* stays open: later there may be no descriptor for it */
	struct timer timer;
	struct log_limit log;
};

static bool socket_is(int fd, int option)
{
	int value = 0;
	socklen_t len = sizeof(value);

	return !getsockopt(fd, SOL_SOCKET, option, &value, &len) &&
	       value == (option == SO_TYPE ? SOCK_STREAM : 1);
}

/* A TCP socket of the stack's own port? Not those that we connected. */
static bool has_our_port(const struct sipx_connections *conns, int fd)
{
	struct sipx_peer self = {.tcp = true};
	socklen_t len = sizeof(self.addr);

	return !getsockname(fd, (struct sockaddr *)&self.addr, &len) &&
	       (self.addr.ss_family == AF_INET ||
		self.addr.ss_family == AF_INET6) &&
	       sipx_peer_port(&self) == conns->stack->port &&
	       socket_is(fd, SO_TYPE);
}

typedef bool(each_h)(struct sipx_connections *conns, int fd, void *arg);

/* Until one returns true */
static void each_socket(struct sipx_connections *conns, each_h *fn, void *arg)
{
	struct dirent *entry;
	int64_t fd;

	rewinddir(conns->fds);
	while ((entry = readdir(conns->fds)))
		if (!str_to_int(entry->d_name, 0, FD_MAX, &fd) &&
		    has_our_port(conns, (int)fd) && fn(conns, (int)fd, arg))
			break;
}

static bool is_strangers(const struct sipx_connections *conns, int fd)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	const struct dir_trunk *trunk;

	return !getpeername(fd, (struct sockaddr *)&peer, &len) &&
	       !directory_trunks_by_source(conns->stack->dir,
					   (struct sockaddr *)&peer, &trunk, 1);
}

static bool add_stranger(struct sipx_connections *conns, int fd, void *arg)
{
	struct stranger who = {.fd = fd};
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (is_strangers(conns, fd) &&
	    !getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len)) {
		who.silent_ms = info.tcpi_last_data_recv;
		g_array_append_val((GArray *)arg, who);
	}

	return false;
}

static gint by_silence(gconstpointer a, gconstpointer b)
{
	const struct stranger *one = a, *other = b;

	return (one->silent_ms < other->silent_ms) -
	       (one->silent_ms > other->silent_ms);
}

static void cut(struct sipx_connections *conns, GArray *strangers, unsigned n)
{
	unsigned i, dropped = 0;

	g_array_sort(strangers, by_silence);
	for (i = 0; i < n; ++i)
		shutdown(g_array_index(strangers, struct stranger, i).fd,
			 SHUT_RDWR);

	atomic_fetch_add(&conns->stack->n.strangers_cut, n);
	if (log_limit_pass(&conns->log, LINES_PER_S, &dropped))
		log_info("sip: %u TCP connections from no trunk's address: %u "
			 "closed",
			 strangers->len, n);
}

static void look_around(void *arg)
{
	struct sipx_connections *conns = arg;
	GArray *strangers = g_array_new(FALSE, FALSE, sizeof(struct stranger));

	each_socket(conns, add_stranger, strangers);
	if (strangers->len > conns->max)
		cut(conns, strangers, strangers->len - conns->max);
	g_array_free(strangers, TRUE);
}

static int on_knock(void *magic, su_wait_t *w, void *arg)
{
	struct sipx_connections *conns = arg;

	if (!timer_is_running(&conns->timer))
		timer_start(conns->stack->timers, &conns->timer, LOOK_MS,
			    "sip connections", look_around, conns);

	return 0;
}

static bool find_listener(struct sipx_connections *conns, int fd, void *arg)
{
	if (!socket_is(fd, SO_ACCEPTCONN))
		return false;

	conns->listener = fcntl(fd, F_DUPFD_CLOEXEC, 0);

	return true;
}

static int watch(struct sipx_connections *conns)
{
	su_wait_t wait[1] = {SU_WAIT_INIT};

	conns->fds = opendir("/proc/self/fd");
	if (!conns->fds)
		return errno;
	each_socket(conns, find_listener, NULL);
	if (conns->listener < 0)
		return ENOENT;
	if (su_wait_create(wait, conns->listener, SU_WAIT_IN))
		return EIO;

	conns->index = su_root_register(loop_su_root(conns->stack->loop), wait,
					on_knock, conns, 0);
	if (conns->index > 0)
		return 0;
	conns->index = 0;
	su_wait_destroy(wait);

	return EIO;
}

void sipx_connections_close(struct sipx_connections *conns)
{
	if (!conns)
		return;

	timer_cancel(conns->stack->timers, &conns->timer);
	if (conns->index)
		su_root_deregister(loop_su_root(conns->stack->loop),
				   conns->index);
	conns->index = 0;
	if (conns->listener >= 0)
		close(conns->listener);
	conns->listener = -1;
	if (conns->fds)
		closedir(conns->fds);
	conns->fds = NULL;
}

static void connections_destructor(void *obj)
{
	sipx_connections_close(obj);
}

int sipx_connections_alloc(struct sipx_connections **connsp,
			   struct sipx_stack *stack, unsigned max)
{
	struct sipx_connections *conns =
		obj_zalloc(sizeof(*conns), connections_destructor);
	int err;

	conns->stack = stack;
	conns->max = max;
	conns->listener = -1;
	err = watch(conns);
	if (err)
		obj_unref(conns);
	else
		*connsp = conns;

	return err;
}
