/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sip_peer.h  A SIP peer that does what the test's script says
 *
 * Thread: the test's. A plain UDP or TCP socket and messages as text: nothing
 * is retransmitted, nothing answered unless the test does it, so that it can
 * be as wrong as the network. (sofia owns the prefix sip_, hence speer_.)
 */
#ifndef BIFRONS_TESTS_SIP_PEER_H
#define BIFRONS_TESTS_SIP_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SPEER_WAIT_MS = 10000,
	SPEER_SEEN = 32,
	SPEER_BUF_SIZE = 65536
};

struct speer {
	int fd;
	bool tcp;
	bool dry;      /**< write requests to `sent` only */
	uint16_t port; /**< ours */
	char ip[64];   /**< ours */
	struct sockaddr_in to;

	/* the dialog: set by speer_open(), free to be changed */
	char number[64], call_id[96], from[128];
	char contact[64]; /**< "HOST:PORT"; "" = where we are */
	char to_tag[96];  /**< theirs, from their last response */
	char branch[64];  /**< of the last request that was not an ACK */
	unsigned cseq;    /**< of that request */
	unsigned invite_cseq;
	char invite_branch[64];

	bool again; /**< asked again: the same responses may come again */
	unsigned nseen;
	uint32_t seen[SPEER_SEEN]; /**< the last responses taken */

	char buf[SPEER_BUF_SIZE]; /**< TCP: what came beyond one message */
	size_t len;
	char msg[SPEER_BUF_SIZE];  /**< the last message received, NUL-ended */
	char sent[SPEER_BUF_SIZE]; /**< the last request sent */
};

/** @param ip    Ours: 127.0.0.1, or another of 127/8
 * @param port  Theirs
 */
void speer_open(struct speer *peer, const char *ip, uint16_t port, bool tcp);
void speer_close(struct speer *peer);
/** Forget the dialog: the next INVITE begins another call */
void speer_new_call(struct speer *peer);

/** Send bytes as they are */
void speer_send_raw(struct speer *peer, const void *data, size_t len);

/** Send a request of the present dialog with a new branch and CSeq (ACK and
 * CANCEL take the INVITE's).
 * @param headers  More header lines, each ended by \r\n, or ""
 * @param type     Content-Type of the body, or NULL
 */
void speer_request(struct speer *peer, const char *method, const char *headers,
		   const char *type, const char *body);
/** speer_request("INVITE") with SDP of PCMU and telephone-event */
void speer_invite(struct speer *peer, const char *headers);
void speer_invite_sdp(struct speer *peer, const char *headers, const char *sdp);
void speer_ack(struct speer *peer);
void speer_ack_sdp(struct speer *peer, const char *sdp);

/** The last request again, to the byte */
void speer_again(struct speer *peer);

/** Answer a request of theirs (peer->msg) */
void speer_reply(struct speer *peer, int code, const char *phrase);

/** The next message, whatever it is. @return peer->msg, or NULL in time */
const char *speer_recv(struct speer *peer, int timeout_ms);
/** The next response, but 100 and what came before: on a slow machine theirs
 * are sent again before our ACK is there. Its code.
 * @return 0 when none came in time
 */
int speer_response(struct speer *peer, int timeout_ms);
/** The next request of this method; others are thrown away */
const char *speer_wait_request(struct speer *peer, const char *method,
			       int timeout_ms);

/** Copy a header's value out of a message; "" when it is not there */
const char *speer_header(const char *msg, const char *name, char *out,
			 size_t size);
/** All Via lines of a message, as they stand */
void speer_vias(char *out, size_t size, const char *msg);
/** The body, or "" */
const char *speer_body(const char *msg);

#endif
