/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file ports.h  The pool of port pairs: even RTP, odd RTCP
 *
 * Thread: loop; ports_free() from any. A pair is found without searching: free
 * ports stand in a queue, shuffled at the start; what is given back goes to
 * its end and rests for a while, so that a late packet of an ended call does
 * not reach a new one.
 */
#ifndef BIFRONS_MEDIA_PORTS_H
#define BIFRONS_MEDIA_PORTS_H

#include <stdint.h>

struct ports;

struct ports_params {
	const char *bind;  /**< numeric address; NULL = 0.0.0.0 */
	uint16_t min, max; /**< both included */
	unsigned rest_ms;  /**< between two uses of a port */
	unsigned rcvbuf;   /**< SO_RCVBUF of the RTP socket; 0 = default */
};

/** Two bound, non-blocking sockets */
struct ports_pair {
	uint16_t port; /**< of RTP; RTCP is the next */
	int rtp, rtcp;
};

/** @return 0, or EINVAL: no address, or no room for a pair. Freed with
 * obj_unref() when every pair is back.
 */
int ports_alloc(struct ports **portsp, const struct ports_params *prm);

/** Take a pair and bind it. A port that somebody else holds is passed over.
 * @return 0, EAGAIN when none is free, or errno of socket(2)
 */
int ports_open(struct ports *ports, struct ports_pair *pair, int64_t now_us);

/** Give a port back; its sockets are closed already */
void ports_give(struct ports *ports, uint16_t port, int64_t now_us);

/** Not in use now, resting ones included. Thread: any */
unsigned ports_free(const struct ports *ports);

/** AF_INET or AF_INET6. Thread: any */
int ports_family(const struct ports *ports);

#endif
