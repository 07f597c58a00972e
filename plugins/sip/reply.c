/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Final answers that leave nothing behind (RFC 3261 §8.2.7): the same request
 * gets the same answer, To tag included, and the ACK is known by that tag. */
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_status.h>
#include <sofia-sip/sip_util.h>

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "common/str.h"

#include "sipx_priv.h"

enum {
	TAG_SIZE = 24,
	SIP_PORT = 5060
};

static void make_tag(char tag[TAG_SIZE], const struct sipx_stack *stack,
		     const sip_t *sip)
{
	uint64_t h = stack->salt ^ 0xcbf29ce484222325u;
	const char *p;

	for (p = sip->sip_call_id->i_id; *p; ++p)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	for (p = sip->sip_from->a_tag ? sip->sip_from->a_tag : ""; *p; ++p)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	h ^= h >> 29;
	snprintf(tag, TAG_SIZE, "bx%016llx", (unsigned long long)h);
}

bool sipx_reply_is_ours(const struct sipx_stack *stack, const sip_t *sip)
{
	char tag[TAG_SIZE];

	make_tag(tag, stack, sip);

	return str_eq(sip->sip_to->a_tag, tag);
}

/* RFC 3261 §18.2.1, RFC 3581: what the top Via says of the real source */
static void complete_via(su_home_t *home, sip_via_t *via,
			 const struct sipx_peer *peer)
{
	char host[SIPX_PEER_SIZE];

	sipx_peer_host(host, sizeof(host), peer);
	if (!str_eq(via->v_host, host))
		msg_header_replace_param(home, via->v_common,
					 su_sprintf(home, "received=%s", host));
	if (via->v_rport)
		msg_header_replace_param(
			home, via->v_common,
			su_sprintf(home, "rport=%u", sipx_peer_port(peer)));
}

static void set_port(struct sipx_peer *to, const sip_via_t *via)
{
	int64_t port = SIP_PORT;

	if (via->v_rport)
		return;
	if (via->v_port)
		str_to_int(via->v_port, 1, 65535, &port);
	if (to->addr.ss_family == AF_INET6)
		((struct sockaddr_in6 *)&to->addr)->sin6_port =
			htons((uint16_t)port);
	else
		((struct sockaddr_in *)&to->addr)->sin_port =
			htons((uint16_t)port);
}

static int socket_for(const struct sipx_stack *stack, int family)
{
	struct sockaddr_storage self = {0};
	socklen_t len;
	size_t i;

	for (i = 0; i < sipx_sockets_count(stack->sockets); ++i) {
		len = sizeof(self);
		if (!getsockname(sipx_sockets_fd(stack->sockets, i),
				 (struct sockaddr *)&self, &len) &&
		    self.ss_family == family)
			return sipx_sockets_fd(stack->sockets, i);
	}

	return -1;
}

/* Status line and what a response repeats of its request (§8.2.6.2) */
static int copy_headers(msg_t *reply, sip_t *rep, const sip_t *sip, int code)
{
	su_home_t *home = msg_home(reply);
	sip_status_t *status = sip_status_create(home, (unsigned)code,
						 sipx_phrase(code), NULL);

	if (!status || sip_header_insert(reply, rep, (sip_header_t *)status) ||
	    sip_add_dup(reply, rep, (const sip_header_t *)sip->sip_via) ||
	    sip_add_dup(reply, rep, (const sip_header_t *)sip->sip_from) ||
	    sip_add_dup(reply, rep, (const sip_header_t *)sip->sip_to) ||
	    sip_add_dup(reply, rep, (const sip_header_t *)sip->sip_call_id) ||
	    sip_add_dup(reply, rep, (const sip_header_t *)sip->sip_cseq))
		return -1;

	return 0;
}

static msg_t *make_reply(struct sipx_stack *stack, const sip_t *sip, int code,
			 unsigned retry_after_s, const struct sipx_peer *peer)
{
	msg_t *reply = msg_create(sip_default_mclass(), 0);
	su_home_t *home = msg_home(reply);
	sip_t *rep = sip_object(reply);
	sip_header_t *end = (sip_header_t *)sip_separator_create(home);
	char tag[TAG_SIZE], after[16];

	if (!reply)
		return NULL;

	make_tag(tag, stack, sip);
	snprintf(after, sizeof(after), "%u", retry_after_s);
	if (copy_headers(reply, rep, sip, code) ||
	    (!rep->sip_to->a_tag && sip_to_tag(home, rep->sip_to, tag)) ||
	    (retry_after_s &&
	     sip_add_make(reply, rep, sip_retry_after_class, after)) ||
	    sip_add_make(reply, rep, sip_content_length_class, "0") || !end ||
	    sip_header_insert(reply, rep, end)) {
		msg_destroy(reply);
		return NULL;
	}
	complete_via(home, rep->sip_via, peer);
	if (msg_serialize(reply, (msg_pub_t *)rep) < 0) {
		msg_destroy(reply);
		return NULL;
	}

	return reply;
}

void sipx_reply(struct sipx_stack *stack, msg_t *msg, const sip_t *sip,
		int code, unsigned retry_after_s)
{
	struct sipx_peer peer = {.tcp = false};
	su_home_t *home;
	msg_t *reply;
	size_t len = 0;
	char *text;
	int fd;

	if (sip->sip_request->rq_method == sip_method_ack)
		return;

	memcpy(&peer.addr, msg_addr(msg), sizeof(su_sockaddr_t));
	fd = socket_for(stack, peer.addr.ss_family);
	reply = fd < 0 ? NULL
		       : make_reply(stack, sip, code, retry_after_s, &peer);
	if (!reply)
		return;

	home = msg_home(reply);
	text = msg_as_string(home, reply, NULL, 0, &len);
	set_port(&peer, sip->sip_via);
	/* lost like any datagram when it cannot go out: they ask again */
	if (text)
		(void)!sendto(fd, text, len, MSG_DONTWAIT | MSG_NOSIGNAL,
			      (struct sockaddr *)&peer.addr,
			      peer.addr.ss_family == AF_INET6
				      ? sizeof(struct sockaddr_in6)
				      : sizeof(struct sockaddr_in));
	msg_destroy(reply);
}
