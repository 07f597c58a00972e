/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading SDP: one pass over a private copy, lines and tokens are cut in
 * place. Structure must be right; an attribute that makes no sense is passed
 * over, as if it were unknown. */
#include <ctype.h>
#include <string.h>

#include <glib.h>

#include "common/obj.h"
#include "common/str.h"
#include "sdp/attr.h"
#include "sdp/sdpx.h"

enum {
	ORIGIN_FIELDS = 6
};

/* A description with what it points into */
struct owned {
	struct sdpx_desc desc; /* first: what callers hold */
	char *text;
	struct sdpx_fmt *fmts[SDPX_MEDIA_MAX];
};

struct parser {
	struct owned *own;
	struct sdpx_media session; /* what holds for all m= lines */
	bool origin;
};

static void owned_destructor(void *arg)
{
	struct owned *own = arg;

	for (size_t i = 0; i < SDPX_MEDIA_MAX; ++i)
		g_free(own->fmts[i]);
	g_free(own->text);
}

/* A token of RFC 8866 §9, and '/' for protocols: such text may go out again */
static bool is_token(const char *text)
{
	if (!*text)
		return false;
	for (; *text; ++text)
		if (!isalnum((unsigned char)*text) &&
		    !strchr("!#$%&'*+-.^_`{|}~/", *text))
			return false;

	return true;
}

/* o=<user> <id> <version> <net> <type> <address> */
static bool read_origin(struct parser *p, char *text)
{
	char *rest = text, *fields[ORIGIN_FIELDS] = {NULL};
	size_t n = 0;

	for (char *tok; (tok = sdpx_token(&rest)); ++n) {
		if (n == ORIGIN_FIELDS)
			return false;
		fields[n] = tok;
	}
	if (n != ORIGIN_FIELDS || p->origin)
		return false;

	p->origin = true;

	return sdpx_number(fields[1], &p->own->desc.sess_id) &&
	       sdpx_number(fields[2], &p->own->desc.sess_version);
}

static struct sdpx_media *current(struct parser *p)
{
	struct sdpx_desc *desc = &p->own->desc;

	return desc->nmedia ? &desc->media[desc->nmedia - 1] : &p->session;
}

/* c=<net> <type> <address>[/<ttl>[/<number>]] */
static bool read_conn(struct parser *p, char *text)
{
	struct sdpx_addr *addr = &current(p)->conn;
	char *rest = text;
	const char *net = sdpx_token(&rest), *type = sdpx_token(&rest);
	char *host = sdpx_token(&rest);

	if (!net || !type || !host || sdpx_token(&rest))
		return false;

	sdpx_addr_read(addr, net, type, host);

	return true;
}

static bool read_port(char *text, uint16_t *portp)
{
	char *slash = strchr(text, '/');
	int64_t port, count;

	if (slash)
		*slash++ = '\0';
	if (str_to_int(text, 0, UINT16_MAX, &port) ||
	    (slash && str_to_int(slash, 1, UINT16_MAX, &count)))
		return false;

	*portp = (uint16_t)port;

	return true;
}

static bool is_rtp(const char *proto)
{
	return strstr(proto, "RTP/") != NULL;
}

static bool add_fmt(struct sdpx_media *m, struct sdpx_fmt *fmts,
		    const char *tok)
{
	struct sdpx_fmt *fmt = &fmts[m->nfmts];
	int64_t pt;

	if (!is_token(tok))
		return false;

	fmt->fmt = tok;
	fmt->pt = str_to_int(tok, 0, 127, &pt) ? -1 : (int)pt;
	if (is_rtp(m->proto)) {
		if (fmt->pt < 0)
			return false;
		/* a type has one meaning: a second mention adds nothing */
		for (size_t i = 0; i < m->nfmts; ++i)
			if (fmts[i].pt == fmt->pt)
				return true;
	}
	++m->nfmts;

	return true;
}

/* m=<media> <port>[/<number>] <proto> <fmt> .. */
static bool read_media(struct parser *p, char *text)
{
	struct sdpx_desc *desc = &p->own->desc;
	char *rest = text, *port;
	struct sdpx_fmt *fmts;
	struct sdpx_media *m;

	if (desc->nmedia == SDPX_MEDIA_MAX)
		return false;

	m = &desc->media[desc->nmedia];
	*m = p->session;
	m->rtcp_mux = false;
	m->type = sdpx_token(&rest);
	port = sdpx_token(&rest);
	m->proto = sdpx_token(&rest);
	if (!m->proto || !is_token(m->type) || !is_token(m->proto) ||
	    !read_port(port, &m->port))
		return false;

	fmts = g_new0(struct sdpx_fmt, SDPX_FMTS_MAX);
	p->own->fmts[desc->nmedia++] = fmts;
	m->fmts = fmts;

	for (const char *tok; (tok = sdpx_token(&rest));)
		if (m->nfmts == SDPX_FMTS_MAX || !add_fmt(m, fmts, tok))
			return false;

	return m->nfmts > 0;
}

static void read_attr(struct parser *p, char *text)
{
	const size_t n = p->own->desc.nmedia;

	sdpx_attr_read(current(p), n ? p->own->fmts[n - 1] : NULL, text);
}

static bool read_line(struct parser *p, char *line)
{
	if (!islower((unsigned char)line[0]) || line[1] != '=')
		return false;

	switch (line[0]) {
	case 'v': /* a second one */
		return false;
	case 'o':
		return !p->own->desc.nmedia && read_origin(p, line + 2);
	case 'c':
		return read_conn(p, line + 2);
	case 'm':
		return p->origin && read_media(p, line + 2);
	case 'a':
		read_attr(p, line + 2);
		return true;
	default: /* s= t= b= i= ..: nothing of ours */
		return true;
	}
}

/* Cut the next line off; CRLF and LF end it, other control characters but TAB
 * have no place in SDP */
static char *next_line(char **textp)
{
	char *line = *textp, *end = strchr(line, '\n');

	if (end) {
		*textp = end + 1;
		*end = '\0';
		if (end > line && end[-1] == '\r')
			*--end = '\0';
	} else {
		*textp = line + strlen(line);
		end = *textp;
		if (end > line && end[-1] == '\r')
			*--end = '\0';
	}

	for (const char *c = line; c < end; ++c)
		if ((unsigned char)*c < 0x20 ? *c != '\t' : *c == 0x7f)
			return NULL;

	return line;
}

static bool parse(struct parser *p, char *text)
{
	char *line = next_line(&text);
	size_t nlines = 1;

	if (!line || strcmp(line, "v=0"))
		return false;

	while (*text) {
		line = next_line(&text);
		if (!line || ++nlines > SDPX_LINES_MAX)
			return false;
		/* some send empty lines at the end */
		if (!*line && !text[strspn(text, "\r\n")])
			break;
		if (!read_line(p, line))
			return false;
	}

	return p->origin;
}

enum sdpx_result sdpx_parse(struct sdpx_desc **descp, const char *text,
			    size_t len)
{
	struct parser p = {.session = {.dir = SDPX_SENDRECV}};
	bool ok;

	if (!descp || !text || len > SDPX_SIZE_MAX || memchr(text, '\0', len))
		return SDPX_MALFORMED;

	p.own = obj_zalloc(sizeof(*p.own), owned_destructor);
	p.own->text = g_strndup(text, len);

	ok = parse(&p, p.own->text);
	if (ok)
		*descp = &p.own->desc;
	else
		obj_unref(p.own);

	return ok ? SDPX_OK : SDPX_MALFORMED;
}
