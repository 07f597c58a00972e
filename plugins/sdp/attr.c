/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sdp/attr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>

#include "common/str.h"

enum {
	PTIME_MAX = 1000,
	DIGITS_MAX = 20,
	CLOCK_MAX = 192000
};

char *sdpx_token(char **restp)
{
	char *tok = *restp + strspn(*restp, " \t");
	const size_t len = strcspn(tok, " \t");

	if (!len)
		return NULL;

	*restp = tok + len;
	if (tok[len])
		*(*restp)++ = '\0';

	return tok;
}

bool sdpx_number(const char *text, uint64_t *np)
{
	const size_t len = strspn(text, "0123456789");
	uint64_t n = 0;

	if (!len || text[len] || len > DIGITS_MAX)
		return false;

	for (; *text; ++text) {
		const unsigned digit = (unsigned)(*text - '0');

		if (n > (UINT64_MAX - digit) / 10)
			n = UINT64_MAX;
		else
			n = n * 10 + digit;
	}
	*np = n;

	return true;
}

static void classify4(struct sdpx_addr *addr)
{
	static const uint8_t any[4] = {0};
	static const uint8_t broadcast[4] = {255, 255, 255, 255};

	if (!memcmp(addr->addr, any, 4))
		addr->kind = SDPX_ADDR_ANY;
	else if ((addr->addr[0] & 0xf0) == 0xe0 ||
		 !memcmp(addr->addr, broadcast, 4))
		addr->kind = SDPX_ADDR_MULTICAST;
	else if (!addr->addr[0])
		addr->kind = SDPX_ADDR_OTHER; /* 0/8 names no host */
	else
		addr->kind = SDPX_ADDR_OK;
}

static void classify6(struct sdpx_addr *addr)
{
	struct in6_addr in6;

	memcpy(&in6, addr->addr, sizeof(in6));

	if (IN6_IS_ADDR_UNSPECIFIED(&in6))
		addr->kind = SDPX_ADDR_ANY;
	else if (IN6_IS_ADDR_MULTICAST(&in6))
		addr->kind = SDPX_ADDR_MULTICAST;
	else if (IN6_IS_ADDR_V4MAPPED(&in6) || IN6_IS_ADDR_V4COMPAT(&in6))
		/* would lead around the checks of IPv4 */
		addr->kind = SDPX_ADDR_OTHER;
	else
		addr->kind = SDPX_ADDR_OK;
}

void sdpx_addr_read(struct sdpx_addr *addr, const char *net, const char *type,
		    char *host)
{
	char *slash = strchr(host, '/');

	memset(addr, 0, sizeof(*addr));
	addr->kind = SDPX_ADDR_OTHER;
	if (strcasecmp(net, "IN"))
		return;
	if (slash)
		*slash = '\0';

	if (!strcasecmp(type, "IP4") &&
	    inet_pton(AF_INET, host, addr->addr) == 1) {
		addr->family = AF_INET;
		classify4(addr);
	} else if (!strcasecmp(type, "IP6") &&
		   inet_pton(AF_INET6, host, addr->addr) == 1) {
		addr->family = AF_INET6;
		classify6(addr);
	}
}

static struct sdpx_fmt *find_fmt(struct sdpx_media *m, struct sdpx_fmt *fmts,
				 const char *pt_text)
{
	int64_t pt;

	if (!fmts || !pt_text || str_to_int(pt_text, 0, 127, &pt))
		return NULL;

	for (size_t i = 0; i < m->nfmts; ++i)
		if (fmts[i].pt == pt)
			return &fmts[i];

	return NULL;
}

/* rtpmap:<pt> <encoding>/<clock>[/<channels>] */
static void read_rtpmap(struct sdpx_media *m, struct sdpx_fmt *fmts,
			char *value)
{
	char *rest = value;
	struct sdpx_fmt *fmt = find_fmt(m, fmts, sdpx_token(&rest));
	char *encoding = sdpx_token(&rest), *clock, *channels;
	int64_t hz = 0, n = 0;

	if (!fmt || fmt->encoding)
		return;

	fmt->encoding = ""; /* until it proves to be right */
	clock = encoding ? strchr(encoding, '/') : NULL;
	if (!clock)
		return;
	*clock++ = '\0';
	channels = strchr(clock, '/');
	if (channels)
		*channels++ = '\0';
	if (str_to_int(clock, 1, CLOCK_MAX, &hz) ||
	    (channels && str_to_int(channels, 1, 255, &n)))
		return;

	fmt->encoding = encoding;
	fmt->clock = (unsigned)hz;
	fmt->channels = (unsigned)n;
}

static void read_fmtp(struct sdpx_media *m, struct sdpx_fmt *fmts, char *value)
{
	char *rest = value;
	struct sdpx_fmt *fmt = find_fmt(m, fmts, sdpx_token(&rest));

	if (fmt && !fmt->fmtp)
		fmt->fmtp = rest + strspn(rest, " \t");
}

/* rtcp:<port> [<net> <type> <address>] (RFC 3605) */
static void read_rtcp(struct sdpx_media *m, char *value)
{
	char *rest = value;
	const char *port = sdpx_token(&rest), *net = sdpx_token(&rest);
	const char *type = sdpx_token(&rest);
	char *host = sdpx_token(&rest);
	int64_t n;

	if (!port || str_to_int(port, 1, UINT16_MAX, &n))
		return;

	m->rtcp_port = (uint16_t)n;
	if (host)
		sdpx_addr_read(&m->rtcp, net, type, host);
}

/* rtcp-fb:<pt or *> <kind> [<parameter>] (RFC 4585 §4.2) */
static void read_fb(struct sdpx_media *m, struct sdpx_fmt *fmts, char *value)
{
	static const struct {
		const char *text;
		unsigned fb;
	} known[] = {
		{"nack", SDPX_FB_NACK},
		{"nack pli", SDPX_FB_PLI},
		{"ccm fir", SDPX_FB_FIR},
		{"goog-remb", SDPX_FB_REMB},
	};
	char *rest = value;
	const char *pt = sdpx_token(&rest);
	struct sdpx_fmt *fmt = find_fmt(m, fmts, pt);
	const bool all = pt && !strcmp(pt, "*");
	unsigned fb = 0;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); ++i)
		if (!strcmp(rest, known[i].text))
			fb = known[i].fb;
	if (fmt)
		fmt->fb |= fb;
	for (size_t i = 0; all && i < m->nfmts; ++i)
		fmts[i].fb |= fb;
}

/* extmap:<id>[/<direction>] <uri> (RFC 8285); MID (RFC 9143) alone is ours */
static void read_extmap(struct sdpx_media *m, char *value)
{
	char *rest = value, *id = sdpx_token(&rest);
	const char *uri = sdpx_token(&rest);
	int64_t n;

	if (!uri || strcmp(uri, "urn:ietf:params:rtp-hdrext:sdes:mid"))
		return;
	id[strcspn(id, "/")] = '\0';
	if (!str_to_int(id, 1, 255, &n))
		m->ext_mid = (unsigned)n;
}

static void read_ms(unsigned *msp, const char *value)
{
	const size_t len = strcspn(value, "."); /* some write "20.0" */
	char text[8] = "";
	int64_t ms;

	if (len >= sizeof(text))
		return;
	memcpy(text, value, len);
	if (!str_to_int(text, 1, PTIME_MAX, &ms))
		*msp = (unsigned)ms;
}

static bool read_dir(struct sdpx_media *m, const char *name)
{
	for (unsigned dir = SDPX_INACTIVE; dir <= SDPX_SENDRECV; ++dir) {
		if (strcmp(name, sdpx_dir_name((enum sdpx_dir)dir)))
			continue;
		m->dir = (enum sdpx_dir)dir;
		return true;
	}

	return false;
}

void sdpx_attr_read(struct sdpx_media *m, struct sdpx_fmt *fmts, char *text)
{
	char *value = strchr(text, ':');

	if (!value) {
		if (!read_dir(m, text) && !strcmp(text, "rtcp-mux"))
			m->rtcp_mux = true;
		return;
	}
	*value++ = '\0';

	if (!strcmp(text, "rtpmap"))
		read_rtpmap(m, fmts, value);
	else if (!strcmp(text, "fmtp"))
		read_fmtp(m, fmts, value);
	else if (!strcmp(text, "ptime"))
		read_ms(&m->ptime, value);
	else if (!strcmp(text, "maxptime"))
		read_ms(&m->maxptime, value);
	else if (!strcmp(text, "rtcp") && fmts)
		read_rtcp(m, value);
	else if (!strcmp(text, "rtcp-fb") && fmts)
		read_fb(m, fmts, value);
	else if (!strcmp(text, "extmap") && fmts)
		read_extmap(m, value);
}
