/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file header.h  Reading and writing pieces of SIP headers
 *
 * Thread: any; pure, nothing is kept. Input is hostile; what comes out is
 * bounded, valid UTF-8 and free of control characters, so that it can go into
 * logs, JSON and other headers.
 */
#ifndef BIFRONS_SIP_HEADER_H
#define BIFRONS_SIP_HEADER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
	SIPX_TEXT_SIZE = 128, /**< of a name, number or phrase */
	SIPX_PEER_SIZE = 64,
};

/** Where a request came from */
struct sipx_peer {
	struct sockaddr_storage addr;
	bool tcp;
};

/** "203.0.113.5:5060", "[2001:db8::1]:5060" */
void sipx_peer_text(char *out, size_t size, const struct sipx_peer *peer);
/** The address without the port, IPv6 without brackets */
void sipx_peer_host(char *out, size_t size, const struct sipx_peer *peer);
uint16_t sipx_peer_port(const struct sipx_peer *peer);

/** Copy text that came from outside: control characters and broken UTF-8
 * become '?', a cut never splits a character.
 */
void sipx_clean(char *out, size_t size, const char *text, size_t len);

/** A display name as it stands in a header: quotes and backslashes undone,
 * blanks trimmed; "" when there is none (NULL)
 */
void sipx_display(char *out, size_t size, const char *display);

/** The user of a URI: parameters cut, %XX undone */
void sipx_user(char *out, size_t size, const char *user);

/** Is it a telephone number as far as one can see: an optional +, digits and
 * visual separators, at least one digit?
 */
bool sipx_is_number(const char *user);

/** A digit of application/dtmf-relay ("Signal=5\r\nDuration=160") or
 * application/dtmf ("5").
 * @param msp  Duration, 1-60000; 0 where it is not said
 * @return 0, EINVAL, or ENOTSUP (a flash, or another signal)
 */
int sipx_dtmf_parse(const char *body, size_t len, bool relay, char *digitp,
		    unsigned *msp);

/** A Reason header's SIP cause (RFC 3326), or 0 */
int sipx_reason_cause(const char *protocol, const char *cause);

/** Is the address private, loopback or link-local: not to be reached from
 * elsewhere? Host names are not.
 */
bool sipx_host_is_private(const char *host);

/** Is it safe as the value of a header that we build? */
bool sipx_value_ok(const char *value);

#endif
