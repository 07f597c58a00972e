/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file sip_callee.h  A SIP peer that is called, and says what the test says
 *
 * Thread: the test's. Messages are text over a plain socket, as in sip_peer.h:
 * each is sent once and by the test's word, so that it can be wrong.
 */
#ifndef BIFRONS_TESTS_SIP_CALLEE_H
#define BIFRONS_TESTS_SIP_CALLEE_H

#include "support/sip_peer.h"

struct scallee {
	struct speer peer; /**< its msg is the last message received */
	int listener;      /**< TCP: until the INVITE's connection; or -1 */
	char invite[SPEER_BUF_SIZE]; /**< what scallee_invited() took */
	char contact[128]; /**< "sip:…": changed before it answers */
	char tag[32];      /**< To tag of what it answers */
	unsigned cseq;     /**< of its own requests */
};

/** At 127.0.0.1; peer.port is where it is called
 * @param port  Theirs */
void scallee_open(struct scallee *callee, uint16_t port, bool tcp);
void scallee_close(struct scallee *callee);

/** Wait for an INVITE, and keep it. @return it, or NULL */
const char *scallee_invited(struct scallee *callee);

/** Answer the INVITE that was kept, with Contact and To tag (but in 100)
 * @param headers  More header lines, each ended by \r\n
 * @param sdp      Or NULL */
void scallee_reply(struct scallee *callee, int code, const char *phrase,
		   const char *headers, const char *sdp);
/** 200 with SDP of PCMU and telephone-event */
void scallee_accept(struct scallee *callee);

/** A request in the dialog of the INVITE that was kept.
 * @param type  Content-Type of the body, or NULL */
void scallee_request(struct scallee *callee, const char *method,
		     const char *headers, const char *type, const char *body);
/** What its last request is answered with, 100 left out; 0 in time */
int scallee_response(struct scallee *callee);
/** The next request of this method, but what was kept; NULL in time */
const char *scallee_wait(struct scallee *callee, const char *method);

extern const char scallee_sdp[];

#endif
