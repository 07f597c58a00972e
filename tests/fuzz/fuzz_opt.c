/* SPDX-License-Identifier: GPL-3.0-or-later */
/* opt_check() over any JSON, in every mode: what passes, passes again and
 * comes out the same; what fails has a fault with a pointer. The readers of
 * strings that tables use run over the raw input.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/id.h"
#include "common/json.h"
#include "common/opt.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const colours[] = {"red", "green", NULL};
static const struct opt tree[];
static const struct opt tree_item = {.type = OPT_OBJECT, .sub = tree};
static const struct opt word = {.type = OPT_STRING, .min = 1, .max = 4};
static const struct opt tree[] = {
	{.name = "name",
	 .type = OPT_STRING,
	 .flags = OPT_REQUIRED,
	 .min = 1,
	 .max = 8},
	{.name = "colour",
	 .alias = "color",
	 .type = OPT_STRING,
	 .values = colours,
	 .def = "\"red\""},
	{.name = "count", .type = OPT_INT, .min = -1, .max = 10},
	{.name = "ratio", .type = OPT_NUM, .max = 2},
	{.name = "on", .type = OPT_BOOL, .flags = OPT_NULLABLE},
	{.name = "id", .type = OPT_ID},
	{.name = "at", .type = OPT_TIME},
	{.name = "sub", .type = OPT_ARRAY, .max = 4, .sub = &tree_item},
	{.name = "tags", .type = OPT_ARRAY, .max = 4, .sub = &word},
	{.name = "vars", .type = OPT_MAP, .max = 3},
	{.name = "any", .type = OPT_ANY},
	{.name = "url", .type = OPT_STRING, .check = opt_check_http_url},
	{.name = "cidr", .type = OPT_STRING, .check = opt_check_cidr},
	{.name = "made", .type = OPT_TIME, .flags = OPT_READ},
	{.name = "kind", .type = OPT_STRING, .flags = OPT_CREATE},
	{.name = "limit", .type = OPT_INT, .flags = OPT_PLATFORM},
	OPT_END,
};

static void check_faults(const struct opt_faults *faults)
{
	json_t *fault;
	size_t i;

	if (!json_array_size(faults->list))
		abort();
	json_array_foreach(faults->list, i,
			   fault) if (!json_str(fault, "pointer", NULL) ||
				      !json_str(fault, "message", NULL))
		abort();
}

static void check_mode(const json_t *in, enum opt_mode mode)
{
	struct opt_faults faults = {0};
	json_t *out = NULL, *again = NULL;

	if (opt_check(&out, tree, in, mode, true, "", &faults)) {
		check_faults(&faults);
		if (out)
			abort();
		json_decref(faults.list);
		return;
	}
	if (faults.list || opt_check(&again, tree, out, mode, true, "", NULL) ||
	    !json_equal(out, again))
		abort();
	json_decref(again);
	json_decref(out);
}

static void check_readers(const char *text)
{
	static const char *(*const checks[])(const char *value) = {
		opt_check_cidr,           opt_check_host,    opt_check_e164,
		opt_check_number_pattern, opt_check_country, opt_check_http_url,
		opt_check_no_controls,
	};
	char buf[CLOCK_RFC3339_SIZE];
	uint8_t *data = NULL;
	int64_t n, ms = 0, back = 0;
	size_t i, len = 0;
	double num;
	char *b64;

	for (i = 0; i < G_N_ELEMENTS(checks); ++i)
		checks[i](text);
	id_is_valid(text);
	(void)str_to_int(text, INT64_MIN, INT64_MAX, &n);
	(void)str_to_num(text, &num);

	if (!clock_parse_rfc3339(text, &ms)) {
		clock_rfc3339(buf, sizeof(buf), ms);
		/* an offset may lead out of the years that can be written */
		if (clock_parse_rfc3339(buf, &back) ||
		    (back != ms && strncmp(buf, "0000-01-01", 10) != 0 &&
		     strncmp(buf, "9999-12-31", 10) != 0))
			abort();
	}
	if (!str_base64_decode(text, &data, &len)) {
		b64 = str_base64(data, len);
		if (strcmp(b64, text) != 0)
			abort();
		g_free(b64);
		g_free(data);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = g_strndup((const char *)data, size);
	json_t *in = NULL;

	check_readers(text);
	g_free(text);

	if (json_parse(&in, (const char *)data, size, NULL, 0))
		return 0;
	check_mode(in, OPT_MODE_CREATE);
	check_mode(in, OPT_MODE_PATCH);
	check_mode(in, OPT_MODE_FLOW);
	check_mode(in, OPT_MODE_QUERY);
	json_decref(in);

	return 0;
}
