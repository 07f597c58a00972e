/* SPDX-License-Identifier: GPL-3.0-or-later */
/* HTTPS, and a certificate that is replaced while the server runs */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <curl/curl.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <gnutls/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/rest_rig.h"

struct fixture {
	struct rest_rig rig;
	char *cert, *key;
};

static void save(const char *path, const gnutls_datum_t *text)
{
	char *next = g_strconcat(path, ".new", NULL);

	g_assert_true(g_file_set_contents(next, (char *)text->data, text->size,
					  NULL));
	g_assert_cmpint(g_rename(next, path), ==, 0);
	g_free(next);
}

/* A certificate of its own for "localhost"; its serial number tells it */
static void make_certificate(struct fixture *fix, uint8_t serial)
{
	gnutls_x509_privkey_t key;
	gnutls_datum_t text;
	gnutls_x509_crt_t crt;

	gnutls_x509_privkey_init(&key);
	gnutls_x509_privkey_generate(
		key, GNUTLS_PK_ECDSA,
		GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	gnutls_x509_crt_init(&crt);
	gnutls_x509_crt_set_version(crt, 3);
	gnutls_x509_crt_set_dn(crt, "CN=localhost", NULL);
	gnutls_x509_crt_set_serial(crt, &serial, 1);
	gnutls_x509_crt_set_activation_time(crt, time(NULL) - 3600);
	gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
	gnutls_x509_crt_set_key(crt, key);
	g_assert_cmpint(
		gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), ==,
		0);

	gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &text);
	save(fix->cert, &text);
	gnutls_free(text.data);
	gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &text);
	save(fix->key, &text);
	gnutls_free(text.data);
	gnutls_x509_crt_deinit(crt);
	gnutls_x509_privkey_deinit(key);
}

static size_t drop(char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

/* @return The serial number that the server showed, -1 when it did not */
static long ask(struct fixture *fix, const char *method, const char *body,
		long *statusp)
{
	struct curl_certinfo *info = NULL;
	struct curl_slist *line;
	CURL *curl = curl_easy_init();
	long serial = -1;
	char *url =
		g_strdup_printf("https://127.0.0.1:%u/healthz", fix->rig.port);

	*statusp = 0;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	/* a late refusal is waited for, too */
	curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, 60000L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	if (!body)
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);

	if (curl_easy_perform(curl) == CURLE_OK)
		curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, statusp);
	curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info);
	for (line = info && info->num_of_certs ? info->certinfo[0] : NULL; line;
	     line = line->next)
		if (g_str_has_prefix(line->data, "Serial Number:"))
			serial = strtol(line->data + 14, NULL, 16);
	curl_easy_cleanup(curl);
	g_free(url);

	return serial;
}

static int setup(void **state)
{
	struct fixture *fix = g_new0(struct fixture, 1);

	curl_global_init(CURL_GLOBAL_DEFAULT);
	rest_rig_init(&fix->rig);
	fix->cert = g_build_filename(fix->rig.dir, "cert.pem", NULL);
	fix->key = g_build_filename(fix->rig.dir, "key.pem", NULL);
	make_certificate(fix, 1);
	fix->rig.cfg.tls_cert = fix->cert;
	fix->rig.cfg.tls_key = fix->key;
	*state = fix;

	return 0;
}

static int teardown(void **state)
{
	struct fixture *fix = *state;

	g_unlink(fix->cert);
	g_unlink(fix->key);
	rest_rig_close(&fix->rig);
	g_free(fix->cert);
	g_free(fix->key);
	g_free(fix);
	curl_global_cleanup();

	return 0;
}

static void test_new_certificate_is_taken(void **state)
{
	struct fixture *fix = *state;
	long status, serial;
	unsigned i;

	rest_rig_start(&fix->rig);
	assert_int_equal(ask(fix, "GET", NULL, &status), 1);
	assert_int_equal(status, 200);

	make_certificate(fix, 2);
	for (i = 0, serial = 1; i < 600 && serial == 1; ++i) {
		serial = ask(fix, "GET", NULL, &status);
		assert_int_equal(status, 200);
		g_usleep(100 * 1000);
	}
	assert_int_equal(serial, 2);

	/* a broken file changes nothing */
	g_assert_true(g_file_set_contents(fix->key, "no key", -1, NULL));
	g_usleep(1100 * 1000);
	assert_int_equal(ask(fix, "GET", NULL, &status), 2);
	assert_int_equal(status, 200);
}

static void test_body_refused_in_the_middle(void **state)
{
	struct fixture *fix = *state;
	char *body = g_strnfill(2 << 20, 'x');
	long status;

	rest_rig_start(&fix->rig);
	ask(fix, "GET", body, &status);
	assert_int_equal(status, 413);
	g_free(body);
}

static void test_plain_http_is_no_tls(void **state)
{
	struct fixture *fix = *state;
	struct rest_client cli;

	rest_rig_start(&fix->rig);
	rest_client_open(&cli, fix->rig.port);
	rest_client_say(&cli, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_true(rest_client_is_closed(&cli));
	rest_client_close(&cli);
}

static void test_stop_in_a_handshake(void **state)
{
	struct fixture *fix = *state;
	struct rest_client cli;

	rest_rig_start(&fix->rig);
	rest_client_open(&cli, fix->rig.port);
	rest_client_send(&cli, "\x16\x03\x01\x02\x00\x01", 6);
	rest_rig_stop(&fix->rig);
	assert_true(rest_client_is_closed(&cli));
	rest_client_close(&cli);
}

static int nobody(void *arg, const char *transaction, json_t *message)
{
	json_decref(message);

	return ENOSYS;
}

static void test_wrong_files_do_not_start(void **state)
{
	struct fixture *fix = *state;
	const struct rest_core core = {.submit = nobody};
	struct rest *rest = NULL;

	g_assert_true(g_file_set_contents(fix->cert, "nothing", -1, NULL));
	assert_int_equal(rest_start(&rest, &fix->rig.cfg, &core), EINVAL);
	assert_null(rest);
}

struct listening {
	struct fixture *fix;
	GString *text;
	char last[ID_SIZE];
	bool stays;
	CURLcode code;
};

/* Events begin once it listens; when the last is there it hangs up, or it
 * stays to the end */
static size_t on_stream(char *data, size_t size, size_t n, void *arg)
{
	const struct rest_event big = {.size = 30000};
	struct listening *lis = arg;
	const char *at;

	g_string_append_len(lis->text, data, (gssize)(size * n));
	if (!*lis->last && strstr(lis->text->str, "retry: 2000\n\n"))
		rest_rig_emit(&lis->fix->rig, &big, 5, lis->last);
	at = *lis->last ? strstr(lis->text->str, lis->last) : NULL;

	return at && strstr(at, "\n\n") && !lis->stays ? 0 : size * n;
}

static void *listen_to(void *arg)
{
	struct listening *lis = arg;
	char *url = g_strdup_printf(
		"https://127.0.0.1:%u/v1/events?ticket=" REST_TICKET,
		lis->fix->rig.port);
	CURL *curl = curl_easy_init();

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_stream);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, lis);
	lis->code = curl_easy_perform(curl);
	curl_easy_cleanup(curl);
	g_free(url);

	return NULL;
}

static void test_event_streams(void **state)
{
	struct fixture *fix = *state;
	struct listening lis = {.fix = fix, .text = g_string_new(NULL)};

	rest_rig_start(&fix->rig);
	listen_to(&lis);
	assert_int_equal(lis.code, CURLE_WRITE_ERROR);
	assert_true(lis.text->len > 5 * 30000);
	g_string_free(lis.text, TRUE);
}

static void test_stop_with_a_stream(void **state)
{
	struct fixture *fix = *state;
	struct listening lis = {
		.fix = fix,
		.text = g_string_new(NULL),
		.stays = true,
	};
	pthread_t thread;

	rest_rig_start(&fix->rig);
	pthread_create(&thread, NULL, listen_to, &lis);
	rest_rig_wait_asked(&fix->rig, 2); /* the events were handed out */
	rest_rig_stop(&fix->rig);
	pthread_join(thread, NULL);
	assert_int_equal(lis.code, CURLE_OK);
	assert_true(g_str_has_suffix(lis.text->str, ": shutting down\n\n"));
	g_string_free(lis.text, TRUE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_new_certificate_is_taken),
		TEST(test_body_refused_in_the_middle),
		TEST(test_plain_http_is_no_tls),
		TEST(test_stop_in_a_handshake),
		TEST(test_wrong_files_do_not_start),
		TEST(test_event_streams),
		TEST(test_stop_with_a_stream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
