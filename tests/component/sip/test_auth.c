/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trunk that asks who we are: digest, by MD5 and SHA-256 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glib.h>
#include <stdio.h>
#include <string.h>

#include "common/seal.h"
#include "support/sip_out.h"

static const uint8_t key[SECRET_KEY_LEN] = {1, 2, 3};
/* with what cuts it short in other hands */
static const char password[] = "pa:ss \"word\"";

#define MD5                                                                    \
	"Digest realm=\"carrier\", nonce=\"n1\", algorithm=MD5, qop=\"auth\""
#define SHA                                                                    \
	"Digest realm=\"carrier\", nonce=\"n2\", algorithm=SHA-256, "          \
	"qop=\"auth\", opaque=\"op\""

static void give_credentials(struct sout *o, const char *more)
{
	const struct seal_owner owner = {"trunk", SRIG_TRUNK, "password"};
	char *sealed = seal_text(key, &owner, password);
	char text[512];

	snprintf(text, sizeof(text),
		 "'username':'acme','_sealed':{'password':'%s'}%s%s", sealed,
		 more ? "," : "", more ? more : "");
	sout_trunk(o, text);
	g_free(sealed);
}

static int open_all(void **state)
{
	struct sout *o = sout_open(
		&(struct srig_params){.media = true, .key = key}, false);

	give_credentials(o, NULL);
	*state = o;

	return 0;
}

static int close_all(void **state)
{
	sout_close(*state);

	return 0;
}

/* A parameter of what we were sent, without quotes */
static const char *param(const char *value, const char *name, char *out,
			 size_t size)
{
	char mark[32];
	const char *p;

	snprintf(mark, sizeof(mark), "%s=", name);
	for (p = value; (p = strstr(p, mark)); ++p)
		if (p == value || p[-1] == ' ' || p[-1] == ',')
			break;
	if (!p) {
		out[0] = '\0';
		return out;
	}
	p += strlen(mark);
	if (*p == '"')
		snprintf(out, size, "%.*s", (int)strcspn(p + 1, "\""), p + 1);
	else
		snprintf(out, size, "%.*s", (int)strcspn(p, ", "), p);

	return out;
}

static void hash(char out[SECRET_SHA256_HEX], bool sha, const char *text)
{
	if (sha)
		secret_sha256_hex(out, text, strlen(text));
	else
		secret_md5_hex(out, text, strlen(text));
}

/* Is it what the password makes of the nonce? */
static void check(const char *msg, const char *header, const char *method,
		  bool sha)
{
	char value[1024], nonce[64], cnonce[64], nc[16], uri[256], got[80];
	char text[1024], a1[SECRET_SHA256_HEX], a2[SECRET_SHA256_HEX];
	char want[SECRET_SHA256_HEX];

	speer_header(msg, header, value, sizeof(value));
	assert_true(strncmp(value, "Digest ", 7) == 0);
	assert_string_equal(param(value, "username", text, sizeof(text)),
			    "acme");
	assert_string_equal(param(value, "qop", text, sizeof(text)), "auth");
	snprintf(text, sizeof(text), "acme:carrier:%s", password);
	hash(a1, sha, text);
	snprintf(text, sizeof(text), "%s:%s", method,
		 param(value, "uri", uri, sizeof(uri)));
	hash(a2, sha, text);
	snprintf(text, sizeof(text), "%s:%s:%s:%s:auth:%s", a1,
		 param(value, "nonce", nonce, sizeof(nonce)),
		 param(value, "nc", nc, sizeof(nc)),
		 param(value, "cnonce", cnonce, sizeof(cnonce)), a2);
	hash(want, sha, text);
	assert_string_equal(param(value, "response", got, sizeof(got)), want);
}

/* Challenge the INVITE, and the next one says who we are */
static struct srig_leg *challenged(struct sout *o, int code,
				   const char *challenges)
{
	struct srig_leg *leg = sout_dial(o, &sout_number);
	char cseq[64], again[64];

	speer_header(o->callee.invite, "CSeq", cseq, sizeof(cseq));
	scallee_reply(&o->callee, code, "Who are you", challenges, NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_non_null(scallee_invited(&o->callee));
	speer_header(o->callee.invite, "CSeq", again, sizeof(again));
	assert_string_not_equal(cseq, again);

	return leg;
}

static void finish(struct sout *o, struct srig_leg *leg)
{
	scallee_accept(&o->callee);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	sout_down(o, leg);
}

static void test_md5(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg =
		challenged(o, 407, "Proxy-Authenticate: " MD5 "\r\n");

	check(o->callee.invite, "Proxy-Authorization", "INVITE", false);
	assert_int_equal(leg->heard, 1);
	finish(o, leg);
}

static void test_www(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg =
		challenged(o, 401, "WWW-Authenticate: " MD5 "\r\n");

	check(o->callee.invite, "Authorization", "INVITE", false);
	finish(o, leg);
}

static void test_sha256(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg =
		challenged(o, 401, "WWW-Authenticate: " SHA "\r\n");

	check(o->callee.invite, "Authorization", "INVITE", true);
	assert_true(
		sout_has(o->callee.invite, "Authorization", "opaque=\"op\""));
	finish(o, leg);
}

/* RFC 8760: both, in either order, and unknown ones beside them */
static void test_the_strongest(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg;

	leg = challenged(o, 401,
			 "WWW-Authenticate: " SHA "\r\n"
			 "WWW-Authenticate: " MD5 "\r\n");
	check(o->callee.invite, "Authorization", "INVITE", true);
	finish(o, leg);
	leg = challenged(o, 401,
			 "WWW-Authenticate: Digest realm=\"carrier\", "
			 "nonce=\"n3\", algorithm=SHA-512-256\r\n"
			 "WWW-Authenticate: " MD5 "\r\n"
			 "WWW-Authenticate: " SHA "\r\n");
	check(o->callee.invite, "Authorization", "INVITE", true);
	finish(o, leg);
}

/* A BYE is challenged too */
static void test_bye(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg =
		challenged(o, 407, "Proxy-Authenticate: " MD5 "\r\n");

	scallee_accept(&o->callee);
	assert_true(srig_wait(&o->rig, &leg->answered, 1));
	srig_hangup(leg, HANGUP_NORMAL, 0);
	assert_non_null(scallee_wait(&o->callee, "BYE"));
	snprintf(o->callee.invite, sizeof(o->callee.invite), "%s",
		 o->callee.peer.msg);
	scallee_reply(&o->callee, 407, "Who are you",
		      "Proxy-Authenticate: Digest realm=\"carrier\", "
		      "nonce=\"n9\", algorithm=MD5, qop=\"auth\"\r\n",
		      NULL);
	assert_non_null(scallee_wait(&o->callee, "BYE"));
	check(o->callee.peer.msg, "Proxy-Authorization", "BYE", false);
	speer_reply(&o->callee.peer, 200, "OK");
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
}

static void refused(struct sout *o, struct srig_leg *leg, int code)
{
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 1);
	assert_int_equal(leg->end.reason, HANGUP_FAILED);
	assert_int_equal(leg->end.sip_code, code);
}

static void test_wrong_password(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg =
		challenged(o, 401, "WWW-Authenticate: " MD5 "\r\n");

	scallee_reply(&o->callee, 401, "Not you",
		      "WWW-Authenticate: " MD5 "\r\n", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	refused(o, leg, 401);
}

static void unanswered(struct sout *o, const char *challenge, const char *why)
{
	struct srig_leg *leg = sout_dial(o, &sout_number);

	scallee_reply(&o->callee, 407, "Who are you", challenge, NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	refused(o, leg, 407);
	assert_non_null(strstr(leg->notes, "no credentials sent: "));
	assert_non_null(strstr(leg->notes, why));
}

/* sofia asks again by itself, some times */
static void unanswered_at_last(struct sout *o, const char *challenge)
{
	struct srig_leg *leg = sout_dial(o, &sout_number);
	const char *msg = o->callee.invite;
	unsigned i;

	for (i = 0; i < 10 && msg; ++i) {
		scallee_reply(&o->callee, 407, "Who are you", challenge, NULL);
		do
			msg = speer_recv(&o->callee.peer, SPEER_WAIT_MS);
		while (msg && strncmp(msg, "ACK ", 4) != 0);
		srig_turn(&o->rig);
		msg = speer_recv(&o->callee.peer, 200);
		if (msg)
			snprintf(o->callee.invite, sizeof(o->callee.invite),
				 "%s", msg);
	}
	refused(o, leg, 407);
}

static void test_no_credentials(void **state)
{
	static const char no_digest[] = "no Digest that we know";
	struct sout *o = *state;

	/* another realm than the trunk's password is for */
	give_credentials(o, "'realm':'elsewhere'");
	unanswered(o, "Proxy-Authenticate: " MD5 "\r\n", "its realm");
	/* no password at all, or one that does not open */
	sout_trunk(o, "'username':'acme'");
	unanswered(o, "Proxy-Authenticate: " MD5 "\r\n", "no password");
	sout_trunk(o, "'username':'acme','_sealed':{'password':'v1:AAAA'}");
	unanswered(o, "Proxy-Authenticate: " MD5 "\r\n", "no password");
	sout_trunk(o, NULL);
	unanswered(o, "Proxy-Authenticate: " MD5 "\r\n", "no username");
	/* nothing that we understand */
	give_credentials(o, NULL);
	unanswered(o, "Proxy-Authenticate: Basic realm=\"carrier\"\r\n",
		   no_digest);
	unanswered(o,
		   "Proxy-Authenticate: Digest realm=\"carrier\", "
		   "nonce=\"n\", qop=\"auth-int\"\r\n",
		   no_digest);
	unanswered(o,
		   "Proxy-Authenticate: Digest realm=\"carrier\", "
		   "nonce=\"n\", algorithm=SHA-512-256\r\n",
		   no_digest);
	unanswered_at_last(o, "Proxy-Authenticate: Digest nonce=\"x\"\r\n");
	unanswered(o, "", no_digest);
}

/* Hung up between challenge and the next INVITE's answer */
static void test_hangup(void **state)
{
	struct sout *o = *state;
	struct srig_leg *leg =
		challenged(o, 407, "Proxy-Authenticate: " MD5 "\r\n");

	srig_hangup(leg, HANGUP_CANCELED, 0);
	scallee_reply(&o->callee, 180, "Ringing", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "CANCEL"));
	speer_reply(&o->callee.peer, 200, "OK");
	scallee_reply(&o->callee, 487, "Request Terminated", "", NULL);
	assert_non_null(scallee_wait(&o->callee, "ACK"));
	assert_true(srig_wait(&o->rig, &leg->closed, 1));
	assert_int_equal(leg->ended, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, open_all, close_all)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_md5),
		TEST(test_www),
		TEST(test_sha256),
		TEST(test_the_strongest),
		TEST(test_bye),
		TEST(test_wrong_password),
		TEST(test_no_credentials),
		TEST(test_hangup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
