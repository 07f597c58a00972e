/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sofia-sip/nta_tag.h>
#include <sofia-sip/su_wait.h>
#include <sofia-sip/tport_tag.h>

#include "sip/sipx.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "common/secret.h"
#include "common/str.h"
#include "host/log.h"

#include "route.h"
#include "sipx_priv.h"

enum {
	DEFAULT_MAX_LAG_MS = 100,
	DEFAULT_STRANGERS_PER_S = 50,
	DEFAULT_STRANGERS_TCP = 100,
	OTHERS_PER_S = 200, /**< pings are few */
	DEFAULT_LINGER_MS = 32000,
	DEFAULT_SESSION_S = 1800,
	UDP_RMEM = 4 * 1024 * 1024, /* the kernel caps it at rmem_max */
	MSG_MAX = 64 * 1024,        /* of one SIP message */
	TCP_IDLE_MS = 15 * 60 * 1000,
	TCP_PARTIAL_MS = 10 * 1000, /* for a message to arrive whole */
	URL_SIZE = 256,
};

static const char allow[] =
	"INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK";
/* what nua must not answer by itself */
static const char appl_methods[] = "INVITE, OPTIONS, INFO, UPDATE";

static bool numeric_family(const char *addr, int *familyp)
{
	uint8_t buf[16];

	if (!addr)
		return false;
	*familyp = strchr(addr, ':') ? AF_INET6 : AF_INET;

	return inet_pton(*familyp, addr, buf) == 1;
}

/* "sip:PUBLIC:PORT;maddr=BIND": sofia binds to maddr and says PUBLIC */
static int bind_url(char *url, size_t size, const struct sipx_params *prm,
		    const char *public_address)
{
	const bool v6 = strchr(public_address, ':') && *public_address != '[';
	const bool b6 = strchr(prm->bind, ':');
	char port[8] = "*";
	int n;

	if (prm->port)
		snprintf(port, sizeof(port), "%u", (unsigned)prm->port);
	n = snprintf(url, size, v6 ? "sip:[%s]:%s" : "sip:%s:%s",
		     public_address, port);
	if (str_eq(public_address, prm->bind) || n < 0 || (size_t)n >= size)
		return n > 0 && (size_t)n < size ? 0 : EINVAL;

	n = snprintf(url + n, size - (size_t)n,
		     b6 ? ";maddr=[%s]" : ";maddr=%s", prm->bind);

	return n > 0 && (size_t)n < size ? 0 : EINVAL;
}

static uint16_t socket_port(const struct sipx_stack *stack)
{
	struct sipx_peer self = {.tcp = false};
	socklen_t len = sizeof(self.addr);

	if (!sipx_sockets_count(stack->sockets) ||
	    getsockname(sipx_sockets_fd(stack->sockets, 0),
			(struct sockaddr *)&self.addr, &len))
		return 0;

	return sipx_peer_port(&self);
}

static int create_nua(struct sipx_stack *stack, const struct sipx_params *prm,
		      const char *url)
{
	su_root_t *root = loop_su_root(stack->loop);

	/* the stack runs on the loop: measured a third cheaper than a thread
	 * of its own, and nothing of it needs a lock */
	su_root_threading(root, 0);
	errno = 0;
	stack->nua = nua_create(
		root, sipx_on_event, stack, NUTAG_URL(url),
		NTATAG_MCLASS(sipx_guard_mclass(stack->guard)),
		sipx_sockets_tag(), (tag_value_t)stack->sockets,
		NUTAG_MEDIA_ENABLE(0), NUTAG_AUTOANSWER(0), NUTAG_AUTOALERT(0),
		NUTAG_AUTOACK(0), NUTAG_EARLY_MEDIA(0), NUTAG_APPL_METHOD(NULL),
		NUTAG_APPL_METHOD(appl_methods), SIPTAG_ALLOW_STR(allow),
		NUTAG_ALLOW_EVENTS(NULL), SIPTAG_SUPPORTED_STR("timer, 100rel"),
		NUTAG_ACCEPT_MULTIPART(0), /* multipart.h */
		NUTAG_USER_AGENT(prm->user_agent ? prm->user_agent : "Bifrons"),
		NUTAG_AUTO100(0), NUTAG_AUTO302(0), NUTAG_AUTO305(0),
		NUTAG_MIN_SE(MIN(stack->session_s, SIPX_MIN_SE_S)),
		NUTAG_UPDATE_REFRESH(1), NUTAG_REFRESH_WITHOUT_SDP(1),
		NUTAG_OUTBOUND("no-validate no-options-keepalive"),
		NTATAG_UDP_MTU(65535), NTATAG_MAXSIZE(MSG_MAX),
		NTATAG_MAX_FORWARDS(70), NTATAG_SERVER_RPORT(1),
		NTATAG_SIP_T1X64(stack->linger_ms), TPTAG_UDP_RMEM(UDP_RMEM),
		TPTAG_IDLE(TCP_IDLE_MS), TPTAG_TIMEOUT(TCP_PARTIAL_MS),
		TPTAG_PONG2PING(1), TPTAG_THRPSIZE(0), TAG_END());

	return stack->nua ? 0 : errno ? errno : EIO;
}

static void stack_destructor(void *obj)
{
	struct sipx_stack *stack = obj;

	if (stack->legs)
		g_hash_table_destroy(stack->legs);
	obj_unref(stack->connections);
	obj_unref(stack->guard);
	obj_unref(stack->sockets);
	g_free(stack->bind);
	g_free(stack->public_address);
}

void sipx_stack_free(struct sipx_stack *stack)
{
	timer_cancel(stack->timers, &stack->stop_timer);
	obj_unref(stack);
}

static void unref_leg(gpointer leg)
{
	obj_unref(leg);
}

static void take_params(struct sipx_stack *stack, const struct sipx_params *prm)
{
	stack->loop = prm->loop;
	stack->timers = loop_timers(prm->loop);
	stack->dir = prm->dir;
	stack->media = prm->media;
	stack->incoming = prm->incoming;
	stack->arg = prm->arg;
	stack->key = prm->key;
	stack->bind = g_strdup(prm->bind);
	stack->linger_ms = prm->linger_ms ? prm->linger_ms : DEFAULT_LINGER_MS;
	stack->session_s = prm->session_s ? prm->session_s : DEFAULT_SESSION_S;
	stack->glare_ms = prm->glare_ms;
	stack->public_address =
		g_strdup(prm->public_address ? prm->public_address : prm->bind);
	stack->max_lag_us =
		1000 * (int64_t)(prm->max_lag_ms ? prm->max_lag_ms
						 : DEFAULT_MAX_LAG_MS);
	sipx_budget_init(&stack->strangers, prm->strangers_per_s
						    ? prm->strangers_per_s
						    : DEFAULT_STRANGERS_PER_S);
	sipx_budget_init(&stack->others, OTHERS_PER_S);
	secret_random(&stack->salt, sizeof(stack->salt));
	secret_random(&stack->random, sizeof(stack->random));
	if (prm->seed)
		stack->random = prm->seed;
	stack->factory = (struct leg_factory){
		.endpoint = "sip",
		.routes = sipx_routes,
		.dial = sipx_dial,
		.arg = stack,
	};
	stack->legs =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, unref_leg);
}

/* Without it there is a service, and one thing less that protects it */
static void watch_connections(struct sipx_stack *stack, unsigned max)
{
	const int err = sipx_connections_alloc(
		&stack->connections, stack, max ? max : DEFAULT_STRANGERS_TCP);

	if (err)
		log_warn("sip: TCP connections of strangers are not limited: "
			 "%s",
			 strerror(err));
}

int sipx_stack_start(struct sipx_stack **stackp, const struct sipx_params *prm)
{
	struct sipx_stack *stack;
	char url[URL_SIZE];
	int family, err;

	if (!stackp || !prm || !prm->loop || !prm->dir || !prm->incoming ||
	    !numeric_family(prm->bind, &family) ||
	    (prm->public_address && !sipx_value_ok(prm->public_address)))
		return EINVAL;
	loop_assert(prm->loop);

	stack = obj_zalloc(sizeof(*stack), stack_destructor);
	take_params(stack, prm);
	sipx_log_redirect();
	sipx_auth_register();

	err = bind_url(url, sizeof(url), prm, stack->public_address);
	if (err)
		goto out;
	err = sipx_guard_alloc(&stack->guard, stack);
	if (err)
		goto out;
	err = sipx_sockets_alloc(&stack->sockets);
	if (err)
		goto out;
	err = create_nua(stack, prm, url);
	if (err)
		goto out;

	stack->port = prm->port ? prm->port : socket_port(stack);
	log_info("sip: UDP and TCP on %s port %u as %s", prm->bind,
		 (unsigned)stack->port, stack->public_address);
	watch_connections(stack, prm->strangers_tcp);
out:
	if (err)
		obj_unref(stack);
	else
		*stackp = stack;

	return err;
}

uint16_t sipx_stack_port(const struct sipx_stack *stack)
{
	return stack->port;
}

const struct leg_factory *sipx_stack_factory(const struct sipx_stack *stack)
{
	return &stack->factory;
}

/* splitmix64 */
uint64_t sipx_random(struct sipx_stack *stack)
{
	uint64_t x = stack->random += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;

	return x ^ x >> 31;
}

void sipx_stack_drain(struct sipx_stack *stack, bool drain)
{
	stack->draining = drain;
}

void sipx_stack_stats(struct sipx_stack *stack, struct sipx_stats *stats)
{
	const struct sipx_counters *n = &stack->n;
	size_t i;

	stats->invites = atomic_load(&n->invites);
	stats->taken = atomic_load(&n->taken);
	stats->dialled = atomic_load(&n->dialled);
	stats->shed = atomic_load(&n->shed);
	stats->strangers = atomic_load(&n->strangers);
	stats->strangers_silent = atomic_load(&n->strangers_silent);
	stats->strangers_cut = atomic_load(&n->strangers_cut);
	for (i = 0; i < SIPX_NCLASSES; ++i)
		stats->sent[i] = atomic_load(&n->sent[i]);
	stats->legs = atomic_load(&n->legs);
}
