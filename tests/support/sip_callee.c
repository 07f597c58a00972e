/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/sip_callee.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char scallee_sdp[] = "v=0\r\n"
			   "o=callee 1 1 IN IP4 127.0.0.1\r\n"
			   "s=-\r\n"
			   "c=IN IP4 127.0.0.1\r\n"
			   "t=0 0\r\n"
			   "m=audio 39100 RTP/AVP 0 101\r\n"
			   "a=rtpmap:101 telephone-event/8000\r\n";

static void listen_at(struct scallee *callee)
{
	struct sockaddr_in self = {.sin_family = AF_INET};
	socklen_t len = sizeof(self);
	int rc;

	inet_pton(AF_INET, "127.0.0.1", &self.sin_addr);
	callee->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert(callee->listener >= 0);
	rc = bind(callee->listener, (struct sockaddr *)&self, len) ||
	     listen(callee->listener, 4) ||
	     getsockname(callee->listener, (struct sockaddr *)&self, &len);
	assert(!rc);
	(void)rc;
	callee->peer.port = ntohs(self.sin_port);
}

void scallee_open(struct scallee *callee, uint16_t port, bool tcp)
{
	memset(callee, 0, sizeof(*callee));
	callee->listener = -1;
	if (tcp) {
		callee->peer.fd = -1;
		callee->peer.tcp = true;
		snprintf(callee->peer.ip, sizeof(callee->peer.ip), "127.0.0.1");
		listen_at(callee);
	} else {
		speer_open(&callee->peer, "127.0.0.1", port, false);
	}
	snprintf(callee->contact, sizeof(callee->contact),
		 "sip:callee@127.0.0.1:%u%s", callee->peer.port,
		 tcp ? ";transport=tcp" : "");
	snprintf(callee->tag, sizeof(callee->tag), "callee-1");
}

void scallee_close(struct scallee *callee)
{
	if (callee->listener >= 0)
		close(callee->listener);
	if (callee->peer.fd >= 0)
		speer_close(&callee->peer);
}

static bool accept_one(struct scallee *callee)
{
	struct pollfd pfd = {.fd = callee->listener, .events = POLLIN};

	if (poll(&pfd, 1, SPEER_WAIT_MS) <= 0)
		return false;
	callee->peer.fd = accept(callee->listener, NULL, NULL);

	return callee->peer.fd >= 0;
}

const char *scallee_wait(struct scallee *callee, const char *method)
{
	const char *msg;

	/* on a slow machine it comes again before it is answered */
	do
		msg = speer_wait_request(&callee->peer, method, SPEER_WAIT_MS);
	while (msg && !strcmp(msg, callee->invite));

	return msg;
}

const char *scallee_invited(struct scallee *callee)
{
	if (callee->peer.fd < 0 && !accept_one(callee))
		return NULL;
	if (!scallee_wait(callee, "INVITE"))
		return NULL;
	snprintf(callee->invite, sizeof(callee->invite), "%s",
		 callee->peer.msg);

	return callee->invite;
}

static void send_text(struct scallee *callee, int n)
{
	assert(n > 0 && n < SPEER_BUF_SIZE);
	speer_send_raw(&callee->peer, callee->peer.sent, (size_t)n);
}

void scallee_reply(struct scallee *callee, int code, const char *phrase,
		   const char *headers, const char *sdp)
{
	const char *msg = callee->invite;
	char vias[1024], from[512], to[512], call_id[256], cseq[64];
	const bool tagged =
		code > 100 &&
		!strstr(speer_header(msg, "To", to, sizeof(to)), ";tag=");

	speer_vias(vias, sizeof(vias), msg);
	send_text(
		callee,
		snprintf(callee->peer.sent, sizeof(callee->peer.sent),
			 "SIP/2.0 %d %s\r\n%sFrom: %s\r\nTo: %s%s%s\r\n"
			 "Call-ID: %s\r\nCSeq: %s\r\nContact: <%s>\r\n%s%s"
			 "Content-Length: %zu\r\n\r\n%s",
			 code, phrase, vias,
			 speer_header(msg, "From", from, sizeof(from)),
			 speer_header(msg, "To", to, sizeof(to)),
			 tagged ? ";tag=" : "", tagged ? callee->tag : "",
			 speer_header(msg, "Call-ID", call_id, sizeof(call_id)),
			 speer_header(msg, "CSeq", cseq, sizeof(cseq)),
			 callee->contact, headers,
			 sdp ? "Content-Type: application/sdp\r\n" : "",
			 sdp ? strlen(sdp) : 0, sdp ? sdp : ""));
}

void scallee_accept(struct scallee *callee)
{
	scallee_reply(callee, 200, "OK",
		      "Allow: INVITE, ACK, BYE, CANCEL, INFO, UPDATE\r\n",
		      scallee_sdp);
}

/* The URI of the INVITE's Contact */
static void copy_target(char *out, size_t size, const char *msg)
{
	char contact[256];
	const char *from;

	from = strchr(speer_header(msg, "Contact", contact, sizeof(contact)),
		      '<');
	assert(from);
	snprintf(out, size, "%.*s", (int)strcspn(from + 1, ">"), from + 1);
}

void scallee_request(struct scallee *callee, const char *method,
		     const char *headers, const char *type, const char *body)
{
	static _Atomic unsigned count;
	const char *msg = callee->invite;
	char from[512], to[512], call_id[256], target[256];
	const bool ack = !strcmp(method, "ACK");
	const bool tagged =
		!strstr(speer_header(msg, "To", to, sizeof(to)), ";tag=");

	copy_target(target, sizeof(target), msg);
	if (!ack)
		++callee->cseq;
	send_text(
		callee,
		snprintf(callee->peer.sent, sizeof(callee->peer.sent),
			 "%s %s SIP/2.0\r\n"
			 "Via: SIP/2.0/%s 127.0.0.1:%u;branch=z9hG4bKc%u-%d;"
			 "rport\r\nMax-Forwards: 70\r\n"
			 "From: %s%s%s\r\nTo: %s\r\nCall-ID: %s\r\n"
			 "CSeq: %u %s\r\nContact: <%s>\r\n%s%s%s%s"
			 "Content-Length: %zu\r\n\r\n%s",
			 method, target, callee->peer.tcp ? "TCP" : "UDP",
			 callee->peer.port, ++count, (int)getpid(), to,
			 tagged ? ";tag=" : "", tagged ? callee->tag : "",
			 speer_header(msg, "From", from, sizeof(from)),
			 speer_header(msg, "Call-ID", call_id, sizeof(call_id)),
			 callee->cseq, method, callee->contact, headers,
			 type ? "Content-Type: " : "", type ? type : "",
			 type ? "\r\n" : "", strlen(body), body));
}

int scallee_response(struct scallee *callee)
{
	return speer_response(&callee->peer, SPEER_WAIT_MS);
}
