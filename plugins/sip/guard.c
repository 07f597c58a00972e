/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who comes in at all. A request that reaches nua costs a transaction of some
 * 10 KB for 32 s, whatever the answer, so strangers, numbers that nobody has,
 * and new calls while the loop is late, are dealt with before: while sofia
 * parses. Its messages are
 * made from a class (a table of header parsers), and it takes that table from
 * us. Ours is its own but for two functions: the one that reads the request
 * line, and the one called at the end of the headers. There the source and
 * the headers are known and nothing has been kept yet; a request that is not
 * to be seen loses its request line, and nta throws away what is neither
 * request nor response. A response loses Retry-After: nua would ask again by
 * itself then, unseen by the call that has given up or gone another way. And
 * whatever says where our requests in a dialog shall go is dropped when it is
 * no SIP URI: nua would try its BYE anew for ever, until the stack is full. */
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_mclass.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_status.h>

#include <errno.h>
#include <string.h>

#include "host/log.h"

#include "sipx_priv.h"
#include "source.h"

enum {
	STRANGER_LINES_PER_S = 1
};

struct sipx_guard {
	struct sipx_stack *stack;
	struct msg_hclass_s request; /* of sofia's, with our parser */
	struct msg_mclass_s mclass;  /* sofia's, with our functions */
	struct log_limit stranger_log;
};

static struct sipx_guard *guard_of(const msg_mclass_t *mclass)
{
	return (struct sipx_guard *)((char *)mclass -
				     offsetof(struct sipx_guard, mclass));
}

static bool is_datagram(msg_t *msg)
{
	return msg_addrinfo(msg)->ai_socktype == SOCK_DGRAM;
}

/* Answer without state where we can (UDP). Over TCP nua answers: the source
 * is real there, and the budget holds all the same. */
static bool answer(struct sipx_guard *guard, msg_t *msg, const sip_t *sip,
		   int code, unsigned retry_after_s)
{
	if (!is_datagram(msg) || !sipx_sockets_count(guard->stack->sockets))
		return true;
	sipx_reply(guard->stack, msg, sip, code, retry_after_s);

	return false;
}

static void log_stranger(struct sipx_guard *guard, msg_t *msg, const sip_t *sip)
{
	struct sipx_peer peer = {.tcp = !is_datagram(msg)};
	char from[SIPX_PEER_SIZE], method[16];
	unsigned dropped = 0;

	if (!log_limit_pass(&guard->stranger_log, STRANGER_LINES_PER_S,
			    &dropped))
		return;

	memcpy(&peer.addr, msg_addr(msg), sizeof(su_sockaddr_t));
	sipx_peer_text(from, sizeof(from), &peer);
	sipx_clean(method, sizeof(method), sip->sip_request->rq_method_name,
		   strlen(sip->sip_request->rq_method_name));
	log_info("sip: %s from %s refused: not a trunk's address (%u more)",
		 method, from, dropped);
}

static bool stranger(struct sipx_guard *guard, msg_t *msg, const sip_t *sip)
{
	struct sipx_stack *stack = guard->stack;
	const int64_t now = clock_mono_us(loop_clock(stack->loop));

	atomic_fetch_add(&stack->n.strangers, 1);
	if (sip->sip_request->rq_method != sip_method_ack &&
	    sipx_budget_take(&stack->strangers, now)) {
		log_stranger(guard, msg, sip);
		return answer(guard, msg, sip, 403, 0);
	}

	atomic_fetch_add(&stack->n.strangers_silent, 1);

	return false;
}

/* RFC 3261 §15: the called may not say BYE before its 200 is acknowledged.
 * nua takes it, and loses the INVITE's memory then. */
static bool is_early_bye(const struct sipx_leg *leg, sip_method_t method)
{
	return leg->dialling && method == sip_method_bye;
}

/* Whom we call knows our Call-ID, and may be anybody. What is dropped is sent
 * again by who means it; ACK makes no transaction. */
static bool is_too_much(const struct sipx_stack *stack, struct sipx_leg *leg,
			sip_method_t method)
{
	return method != sip_method_ack &&
	       !sipx_budget_take(&leg->requests,
				 clock_mono_us(loop_clock(stack->loop)));
}

/* A transaction for each number that somebody tries would be repeated and kept
 * for 32 s, for whoever takes a trunk's address. */
static bool has_number(struct sipx_guard *guard, msg_t *msg, const sip_t *sip)
{
	struct sipx_stack *stack = guard->stack;
	struct sipx_peer peer = {.tcp = false};
	struct sipx_source src;

	if (!is_datagram(msg) || !sipx_url_is_ours(sip->sip_request->rq_url))
		return true; /* nua says 416 */
	memcpy(&peer.addr, msg_addr(msg), sizeof(su_sockaddr_t));
	if (sipx_source_find(stack, &peer, sip, &src) != 404 || !src.trunk ||
	    answer(guard, msg, sip, 404, 0))
		return true;

	sipx_count_sent(stack, 404);
	sipx_log_no_number(stack, &peer, &src);

	return false;
}

/* May nua see it? */
static bool admit(struct sipx_guard *guard, msg_t *msg, const sip_t *sip)
{
	struct sipx_stack *stack = guard->stack;
	const sip_method_t method = sip->sip_request->rq_method;
	const struct sockaddr *from = (struct sockaddr *)msg_addr(msg);
	const struct dir_trunk *trunk;
	struct sipx_leg *leg;

	if (!sip->sip_via || !sip->sip_from || !sip->sip_to ||
	    !sip->sip_call_id || !sip->sip_cseq)
		return true; /* nta answers 400 by itself, without state */
	/* a dialog may go on from another address than it began at */
	leg = g_hash_table_lookup(stack->legs, sip->sip_call_id->i_id);
	if (leg && is_early_bye(leg, method)) {
		answer(guard, msg, sip, 481, 0);
		return false;
	}
	if (leg)
		return !is_too_much(stack, leg, method);
	if (!directory_trunks_by_source(stack->dir, from, &trunk, 1))
		return stranger(guard, msg, sip);
	if (method == sip_method_ack && sipx_reply_is_ours(stack, sip))
		return false;
	if (method != sip_method_invite)
		return method == sip_method_ack ||
		       sipx_budget_take(&stack->others,
					clock_mono_us(loop_clock(stack->loop)));
	if (sip->sip_to->a_tag)
		return true;
	if (!sipx_overloaded(stack))
		return has_number(guard, msg, sip);
	if (answer(guard, msg, sip, 503, SIPX_RETRY_AFTER_S))
		return true; /* incoming.c says 503 over TCP */

	atomic_fetch_add(&stack->n.shed, 1);
	sipx_count_sent(stack, 503);

	return false;
}

/* A datagram without an empty line would pass by on_headers_end(): it is
 * faulty from the start and becomes whole there. nta answers 400. */
static issize_t on_request_line(su_home_t *home, msg_header_t *h, char *s,
				isize_t slen)
{
	msg_t *msg = (msg_t *)home; /* its first member: msg_home() reversed */
	const issize_t n = sip_request_class->hc_parse(home, h, s, slen);

	if (n >= 0 && is_datagram(msg))
		msg_object(msg)->msg_flags |= MSG_FLG_ERROR;

	return n;
}

/* Is one of the headers that did not parse (or came twice) one that nothing
 * can go on without? sofia had marked that too, with the same flag. */
static bool broken(const msg_mclass_t *mclass, const sip_t *sip)
{
	const msg_error_t *e;
	msg_hclass_t *hc;
	msg_href_t const *hr;

	for (e = sip->sip_error; e; e = e->er_next) {
		hc = e->er_common->h_class;
		if (hc == sip_error_class) {
			/* no name: a line that is no header at all */
			hr = e->er_name
				     ? msg_find_hclass(mclass, e->er_name, NULL)
				     : NULL;
			hc = hr ? hr->hr_class : NULL;
		}
		if (hc && hc->hc_critical)
			return true;
	}

	return false;
}

static bool is_way(const url_t *url)
{
	return url->url_type == url_sip || url->url_type == url_sips;
}

/* Without them requests go where the INVITE went, or came from */
static void drop_bad_ways(sip_t *sip)
{
	const sip_record_route_t *r;

	if (sip->sip_contact && !is_way(sip->sip_contact->m_url))
		sip->sip_contact = NULL;
	for (r = sip->sip_record_route; r; r = r->r_next)
		if (!is_way(r->r_url)) {
			sip->sip_record_route = NULL;
			break;
		}
}

static issize_t on_headers_end(msg_t *msg, msg_pub_t *mo, char *b, isize_t len,
			       int eos)
{
	struct sipx_guard *guard = guard_of(msg_mclass(msg));
	sip_t *sip = (sip_t *)mo;
	const bool before = !(mo->msg_flags & MSG_FLG_BODY);
	issize_t n = sip_extract_body(msg, sip, b, len, eos);

	if (!before || n <= 0 || !(mo->msg_flags & MSG_FLG_BODY))
		return n;
	drop_bad_ways(sip);
	if (!sip->sip_request) {
		sip->sip_retry_after = NULL;
		sipx_response_seen(guard->stack, sip);
		return n;
	}

	if (is_datagram(msg)) {
		if (broken(msg_mclass(msg), sip))
			return n; /* nta answers 400, without state */
		mo->msg_flags &= ~(unsigned)MSG_FLG_ERROR;
	}
	loop_enter(guard->stack->loop, "sip guard");
	if (!admit(guard, msg, sip))
		sip->sip_request = NULL;
	loop_leave(guard->stack->loop);

	return n;
}

int sipx_guard_alloc(struct sipx_guard **guardp, struct sipx_stack *stack)
{
	const msg_mclass_t *own = sip_default_mclass();
	struct sipx_guard *guard;

	/* a larger table, as some distributions could build it, has its hash
	 * beyond the struct */
	if (!own || own->mc_hash_size > MC_HASH_SIZE)
		return ENOTSUP;

	guard = obj_zalloc(sizeof(*guard), NULL);
	guard->stack = stack;
	guard->mclass = *own;
	guard->mclass.mc_extract_body = (issize_t(*)(
		msg_t *, msg_pub_t *, char *, isize_t, int))on_headers_end;
	guard->request = *sip_request_class;
	guard->request.hc_parse = on_request_line;
	guard->mclass.mc_request->hr_class = &guard->request;
	*guardp = guard;

	return 0;
}

const msg_mclass_t *sipx_guard_mclass(const struct sipx_guard *guard)
{
	return &guard->mclass;
}
