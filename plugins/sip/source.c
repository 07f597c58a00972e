/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip_extra.h>

#include <string.h>
#include <strings.h>

#include "common/str.h"

#include "source.h"

static const char anonymous[] = "anonymous";

void sipx_source_peer(const struct sipx_stack *stack, struct sipx_peer *peer)
{
	msg_t *msg = (msg_t *)nua_current_request(stack->nua);

	memset(peer, 0, sizeof(*peer));
	peer->addr.ss_family = AF_INET;
	if (!msg)
		return;

	memcpy(&peer->addr, msg_addr(msg), sizeof(su_sockaddr_t));
	peer->tcp = msg_addrinfo(msg)->ai_socktype == SOCK_STREAM;
}

void sipx_peer_remote(char *out, size_t size, const struct sipx_peer *peer)
{
	char text[SIPX_PEER_SIZE];

	sipx_peer_text(text, sizeof(text), peer);
	g_snprintf(out, size, "%s:%s", peer->tcp ? "tcp" : "udp", text);
}

/* Without Record-Route the next requests go to the Contact; behind NAT that
 * is an address of theirs that we cannot reach (architecture: NAT) */
bool sipx_source_url(char *url, size_t size, const sip_t *sip,
		     const struct sipx_peer *peer)
{
	const sip_contact_t *contact = sip->sip_contact;
	char host[SIPX_PEER_SIZE], where[SIPX_PEER_SIZE];

	sipx_peer_host(host, sizeof(host), peer);
	if (sip->sip_record_route || !contact || !contact->m_url->url_host ||
	    !strcmp(contact->m_url->url_host, host) ||
	    !sipx_host_is_private(contact->m_url->url_host))
		return false;

	sipx_peer_text(where, sizeof(where), peer);
	g_snprintf(url, size, "sip:%s;transport=%s", where,
		   peer->tcp ? "tcp" : "udp");

	return true;
}

bool sipx_takes_update(const sip_t *sip)
{
	return sip->sip_allow &&
	       sip_is_allowed(sip->sip_allow, SIP_METHOD_UPDATE);
}

const char *sipx_header(const sip_t *sip, const char *name)
{
	const sip_unknown_t *un;

	for (un = sip->sip_unknown; un; un = un->un_next)
		if (un->un_name && !strcasecmp(un->un_name, name))
			return un->un_value;

	return NULL;
}

/* The user of a URI: tel: has its number where sip: has the host */
static void url_number(char *out, size_t size, const url_t *url)
{
	sipx_user(out, size, url->url_user ? url->url_user : url->url_host);
}

/* A header of name-addr form that sofia keeps as text */
static const sip_p_asserted_identity_t *
identity(su_home_t *home, const sip_t *sip, const char *name)
{
	const char *value = sipx_header(sip, name);

	return value ? sip_p_asserted_identity_make(home, value) : NULL;
}

static const sip_p_asserted_identity_t *asserted(su_home_t *home,
						 const sip_t *sip)
{
	const sip_p_asserted_identity_t *pai = sip_p_asserted_identity(sip);

	return pai ? pai : identity(home, sip, "P-Asserted-Identity");
}

static void called_number(char *out, size_t size, su_home_t *home,
			  const sip_t *sip, enum dir_did did)
{
	const sip_p_asserted_identity_t *pcpid;

	switch (did) {
	case DIR_DID_TO:
		url_number(out, size, sip->sip_to->a_url);
		return;
	case DIR_DID_PCPID:
		pcpid = identity(home, sip, "P-Called-Party-ID");
		if (pcpid) {
			url_number(out, size, pcpid->paid_url);
			return;
		}
		break;
	case DIR_DID_REQUEST_URI:
		break;
	}
	url_number(out, size, sip->sip_request->rq_url);
}

/* RFC 3323, §4.1.1.3: a From that says nothing asks for the same */
static bool is_anonymous(const sip_from_t *from)
{
	char user[SIPX_TEXT_SIZE];

	if (!from)
		return false;
	url_number(user, sizeof(user), from->a_url);

	return !strcasecmp(user, anonymous);
}

bool sipx_is_withheld(const sip_t *sip)
{
	const sip_privacy_t *priv = sip->sip_privacy;
	size_t i;

	for (i = 0; priv && priv->priv_values && priv->priv_values[i]; ++i)
		if (!strcasecmp(priv->priv_values[i], "id") ||
		    !strcasecmp(priv->priv_values[i], "user") ||
		    !strcasecmp(priv->priv_values[i], "header"))
			return true;

	return is_anonymous(sip->sip_from);
}

static const char *party(char *out, size_t size, const char *user,
			 const char *host, const struct dir_trunk *trunk)
{
	char clean[SIPX_TEXT_SIZE / 2];

	if (sipx_is_number(user)) {
		directory_normalise(out, size, user, trunk->format_in,
				    trunk->country);
		return "tel";
	}
	sipx_clean(clean, sizeof(clean), host ? host : "",
		   host ? strlen(host) : 0);
	if (*user && *clean)
		g_snprintf(out, (gulong)size, "%.*s@%s",
			   (int)(size - sizeof(clean) - 2), user, clean);
	else
		str_copy(out, size, *user ? user : clean);

	return "sip";
}

/* P-Asserted-Identity is the trunk's own word, From the caller's */
static void find_caller(struct sipx_source *src, su_home_t *home,
			const sip_t *sip)
{
	const sip_p_asserted_identity_t *pai = asserted(home, sip);
	const url_t *url = pai ? pai->paid_url : sip->sip_from->a_url;
	char user[SIPX_TEXT_SIZE];

	url_number(user, sizeof(user), url);
	if (sipx_is_withheld(sip) || !strcasecmp(user, anonymous)) {
		str_copy(src->source, sizeof(src->source), anonymous);
		src->source_type = "sip";
		return;
	}

	src->source_type = party(src->source, sizeof(src->source), user,
				 url->url_host, src->trunk);
	sipx_display(src->name, sizeof(src->name),
		     pai ? pai->paid_display : sip->sip_from->a_display);
	if (!src->name[0] && pai)
		sipx_display(src->name, sizeof(src->name),
			     sip->sip_from->a_display);
}

/* Among trunks of one address the called number decides */
static bool find_number(struct sipx_source *src, const struct sipx_stack *stack,
			su_home_t *home, const sip_t *sip,
			const struct dir_trunk *trunk)
{
	const url_t *url = sip->sip_request->rq_url;
	char user[SIPX_TEXT_SIZE];

	called_number(user, sizeof(user), home, sip, trunk->did_from);
	src->destination_type =
		party(src->destination, sizeof(src->destination), user,
		      url->url_host, trunk);
	/* a name ("demo") is a number of ours whatever host they dialled */
	src->number = directory_number(
		stack->dir, sipx_is_number(user) ? src->destination : user,
		trunk->account_id);

	return src->number;
}

int sipx_source_find(const struct sipx_stack *stack,
		     const struct sipx_peer *peer, const sip_t *sip,
		     struct sipx_source *src)
{
	const struct dir_trunk *trunks[SIPX_TRUNKS_MAX];
	const struct sockaddr *sa = (const struct sockaddr *)&peer->addr;
	su_home_t home[1] = {SU_HOME_INIT(home)};
	size_t n, i;

	memset(src, 0, sizeof(*src));
	n = directory_trunks_by_source(stack->dir, sa, trunks, SIPX_TRUNKS_MAX);
	if (!n)
		return 403;

	su_home_init(home);
	for (i = 0; i < n; ++i)
		if (find_number(src, stack, home, sip, trunks[i]))
			break;
	src->trunk = trunks[i < n ? i : 0];
	if (src->number)
		find_caller(src, home, sip);
	su_home_deinit(home);

	return src->number ? 0 : 404;
}

/* A trunk that dials at random, or who takes its address, fills no log */
void sipx_log_no_number(struct sipx_stack *stack, const struct sipx_peer *peer,
			const struct sipx_source *src)
{
	char from[SIPX_PEER_SIZE];
	unsigned dropped = 0;

	if (!log_limit_pass(&stack->refused_log, SIPX_REFUSED_LINES_PER_S,
			    &dropped))
		return;

	sipx_peer_text(from, sizeof(from), peer);
	log_info("sip: INVITE from %s (trunk %s) refused: no number %s (%u "
		 "refusals more)",
		 from, src->trunk->id, src->destination, dropped);
}

bool sipx_url_is_ours(const url_t *url)
{
	return url->url_type == url_sip || url->url_type == url_sips ||
	       url->url_type == url_tel;
}
