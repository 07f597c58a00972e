/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "support/sip_peer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

static const char sdp_pcmu[] = "v=0\r\n"
			       "o=peer 1 1 IN IP4 127.0.0.1\r\n"
			       "s=-\r\n"
			       "c=IN IP4 127.0.0.1\r\n"
			       "t=0 0\r\n"
			       "m=audio 39000 RTP/AVP 0 101\r\n"
			       "a=rtpmap:101 telephone-event/8000\r\n";

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void speer_new_call(struct speer *peer)
{
	static _Atomic unsigned count;
	const unsigned n = ++count;

	snprintf(peer->call_id, sizeof(peer->call_id), "call-%u-%d@peer", n,
		 (int)getpid());
	snprintf(peer->from, sizeof(peer->from),
		 "\"Alice\" <sip:+4520111111@peer.test>;tag=f%u", n);
	peer->to_tag[0] = '\0';
	peer->cseq = 0;
}

void speer_open(struct speer *peer, const char *ip, uint16_t port, bool tcp)
{
	struct sockaddr_in self = {.sin_family = AF_INET};
	socklen_t len = sizeof(self);
	int rc;

	memset(peer, 0, sizeof(*peer));
	peer->tcp = tcp;
	snprintf(peer->ip, sizeof(peer->ip), "%s", ip);
	peer->to.sin_family = AF_INET;
	peer->to.sin_port = htons(port);
	inet_pton(AF_INET, "127.0.0.1", &peer->to.sin_addr);
	inet_pton(AF_INET, ip, &self.sin_addr);

	peer->fd = socket(AF_INET, tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
	assert(peer->fd >= 0);
	rc = bind(peer->fd, (struct sockaddr *)&self, sizeof(self));
	assert(!rc);
	rc = connect(peer->fd, (struct sockaddr *)&peer->to, sizeof(peer->to));
	assert(!rc);
	rc = getsockname(peer->fd, (struct sockaddr *)&self, &len);
	assert(!rc);
	(void)rc;
	peer->port = ntohs(self.sin_port);
	snprintf(peer->number, sizeof(peer->number), "+4520123456");
	speer_new_call(peer);
}

void speer_close(struct speer *peer)
{
	close(peer->fd);
	peer->fd = -1;
}

void speer_send_raw(struct speer *peer, const void *data, size_t len)
{
	const char *p = data;
	ssize_t n;

	do {
		n = send(peer->fd, p, len, MSG_NOSIGNAL);
		if (n < 0)
			return; /* refused or closed: what the test looks for */
		p += n;
		len -= (size_t)n;
	} while (len && peer->tcp);
}

static void next_transaction(struct speer *peer, const char *method)
{
	static _Atomic unsigned count;

	if (!strcmp(method, "ACK") || !strcmp(method, "CANCEL"))
		return;

	peer->again = false;
	++peer->cseq;
	snprintf(peer->branch, sizeof(peer->branch), "z9hG4bK-%u-%d", ++count,
		 (int)getpid());
	if (strcmp(method, "INVITE") != 0)
		return;
	peer->invite_cseq = peer->cseq;
	snprintf(peer->invite_branch, sizeof(peer->invite_branch), "%s",
		 peer->branch);
}

void speer_request(struct speer *peer, const char *method, const char *headers,
		   const char *type, const char *body)
{
	const bool of_invite =
		!strcmp(method, "ACK") || !strcmp(method, "CANCEL");
	const bool to_tag = peer->to_tag[0] && strcmp(method, "CANCEL") != 0;
	const char *proto = peer->tcp ? "TCP" : "UDP";
	char *text = peer->sent, contact[sizeof(peer->ip) + 8];
	int n;

	snprintf(contact, sizeof(contact), "%s:%u", peer->ip, peer->port);
	next_transaction(peer, method);
	n = snprintf(text, SPEER_BUF_SIZE,
		     "%s sip:%s@127.0.0.1:%u SIP/2.0\r\n"
		     "Via: SIP/2.0/%s %s:%u;branch=%s;rport\r\n"
		     "Max-Forwards: 70\r\n"
		     "From: %s\r\n"
		     "To: <sip:%s@127.0.0.1>%s%s\r\n"
		     "Call-ID: %s\r\n"
		     "CSeq: %u %s\r\n"
		     "Contact: <sip:peer@%s;transport=%s>\r\n"
		     "%s%s%s%sContent-Length: %zu\r\n\r\n%s",
		     method, peer->number, ntohs(peer->to.sin_port), proto,
		     peer->ip, peer->port,
		     of_invite ? peer->invite_branch : peer->branch, peer->from,
		     peer->number, to_tag ? ";tag=" : "",
		     to_tag ? peer->to_tag : "", peer->call_id,
		     of_invite ? peer->invite_cseq : peer->cseq, method,
		     peer->contact[0] ? peer->contact : contact,
		     peer->tcp ? "tcp" : "udp", headers,
		     type ? "Content-Type: " : "", type ? type : "",
		     type ? "\r\n" : "", strlen(body), body);
	assert(n > 0 && n < SPEER_BUF_SIZE);
	if (!peer->dry)
		speer_send_raw(peer, text, (size_t)n);
}

void speer_again(struct speer *peer)
{
	peer->again = true;
	speer_send_raw(peer, peer->sent, strlen(peer->sent));
}

void speer_invite_sdp(struct speer *peer, const char *headers, const char *sdp)
{
	speer_request(peer, "INVITE", headers, "application/sdp", sdp);
}

void speer_invite(struct speer *peer, const char *headers)
{
	speer_invite_sdp(peer, headers, sdp_pcmu);
}

void speer_ack(struct speer *peer)
{
	speer_request(peer, "ACK", "", NULL, "");
}

void speer_ack_sdp(struct speer *peer, const char *sdp)
{
	speer_request(peer, "ACK", "", "application/sdp", sdp ? sdp : sdp_pcmu);
}

const char *speer_header(const char *msg, const char *name, char *out,
			 size_t size)
{
	const size_t len = strlen(name);
	const char *line = msg;
	size_t n;

	out[0] = '\0';
	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncmp(line, "\r\n", 2))
			break;
		if (strncasecmp(line, name, len) != 0 || line[len] != ':')
			continue;
		line += len + 1;
		line += strspn(line, " ");
		n = strcspn(line, "\r\n");
		snprintf(out, size, "%.*s", (int)n, line);
		break;
	}

	return out;
}

const char *speer_body(const char *msg)
{
	const char *end = strstr(msg, "\r\n\r\n");

	return end ? end + 4 : "";
}

void speer_vias(char *out, size_t size, const char *msg)
{
	const char *line = msg;
	size_t n, o = 0;

	out[0] = '\0';
	while ((line = strstr(line, "\r\n"))) {
		line += 2;
		if (!strncmp(line, "\r\n", 2))
			break;
		if (strncasecmp(line, "Via:", 4) != 0)
			continue;
		n = strcspn(line, "\r\n");
		o += (size_t)snprintf(out + o, size - o, "%.*s\r\n", (int)n,
				      line);
	}
}

void speer_reply(struct speer *peer, int code, const char *phrase)
{
	char vias[1024], from[256], to[256], call_id[256], cseq[64];
	char text[4096];
	int n;

	speer_vias(vias, sizeof(vias), peer->msg);
	n = snprintf(
		text, sizeof(text),
		"SIP/2.0 %d %s\r\n%sFrom: %s\r\nTo: %s\r\nCall-ID: %s\r\n"
		"CSeq: %s\r\nContent-Length: 0\r\n\r\n",
		code, phrase, vias,
		speer_header(peer->msg, "From", from, sizeof(from)),
		speer_header(peer->msg, "To", to, sizeof(to)),
		speer_header(peer->msg, "Call-ID", call_id, sizeof(call_id)),
		speer_header(peer->msg, "CSeq", cseq, sizeof(cseq)));
	assert(n > 0 && n < (int)sizeof(text));
	speer_send_raw(peer, text, (size_t)n);
}

/* One whole message from what TCP has brought. @return its length or 0 */
static size_t whole(const struct speer *peer)
{
	char copy[SPEER_BUF_SIZE], len[16];
	const char *end;
	size_t n;

	memcpy(copy, peer->buf, peer->len);
	copy[peer->len < sizeof(copy) ? peer->len : sizeof(copy) - 1] = '\0';
	end = strstr(copy, "\r\n\r\n");
	if (!end)
		return 0;
	speer_header(copy, "Content-Length", len, sizeof(len));
	n = (size_t)(end + 4 - copy) + (size_t)strtoul(len, NULL, 10);

	return n <= peer->len ? n : 0;
}

static bool take(struct speer *peer)
{
	const size_t n = peer->tcp ? whole(peer) : peer->len;

	if (!n)
		return false;
	/* a datagram too has the empty line: phones drop what is cut short */
	assert(whole(peer) == n);
	memcpy(peer->msg, peer->buf, n);
	peer->msg[n < SPEER_BUF_SIZE ? n : SPEER_BUF_SIZE - 1] = '\0';
	memmove(peer->buf, peer->buf + n, peer->len - n);
	peer->len -= n;

	return true;
}

const char *speer_recv(struct speer *peer, int timeout_ms)
{
	const int64_t until = now_ms() + timeout_ms;
	struct pollfd pfd = {.fd = peer->fd, .events = POLLIN};
	ssize_t n;
	int64_t left;

	for (;;) {
		if (take(peer))
			return peer->msg;
		left = until - now_ms();
		if (left < 0 || poll(&pfd, 1, (int)left) <= 0)
			return NULL;
		n = recv(peer->fd, peer->buf + peer->len,
			 sizeof(peer->buf) - 1 - peer->len, 0);
		if (n <= 0 && peer->tcp)
			return NULL;
		if (n > 0)
			peer->len += (size_t)n;
	}
}

static void learn_tag(struct speer *peer)
{
	char to[256];
	const char *tag;

	/* a CANCEL is answered without looking at the dialog */
	if (strstr(speer_header(peer->msg, "CSeq", to, sizeof(to)), "CANCEL"))
		return;
	speer_header(peer->msg, "To", to, sizeof(to));
	tag = strstr(to, ";tag=");
	if (tag)
		snprintf(peer->to_tag, sizeof(peer->to_tag), "%s", tag + 5);
}

/* Is this message one that was taken before? */
static bool is_repeated(struct speer *peer)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	const char *p;
	unsigned i;

	for (p = peer->msg; *p; ++p)
		hash = (hash ^ (uint8_t)*p) * 16777619u;
	for (i = 0; i < peer->nseen && i < SPEER_SEEN; ++i)
		if (peer->seen[i] == hash)
			return true;
	peer->seen[peer->nseen++ % SPEER_SEEN] = hash;

	return false;
}

int speer_response(struct speer *peer, int timeout_ms)
{
	const int64_t until = now_ms() + timeout_ms;
	int64_t left;
	int code;

	while ((left = until - now_ms()) >= 0 && speer_recv(peer, (int)left)) {
		if (strncmp(peer->msg, "SIP/2.0 ", 8) != 0)
			continue;
		code = (int)strtol(peer->msg + 8, NULL, 10);
		if (code == 100 || (is_repeated(peer) && !peer->again))
			continue;
		learn_tag(peer);

		return code;
	}

	return 0;
}

const char *speer_wait_request(struct speer *peer, const char *method,
			       int timeout_ms)
{
	const int64_t until = now_ms() + timeout_ms;
	const size_t len = strlen(method);
	int64_t left;

	while ((left = until - now_ms()) >= 0 && speer_recv(peer, (int)left))
		if (!strncmp(peer->msg, method, len) && peer->msg[len] == ' ')
			return peer->msg;

	return NULL;
}
