/* SPDX-License-Identifier: GPL-3.0-or-later */

#include "api/trunks.h"

#include "api/resource.h"

static const char *const transports[] = {"udp", "tcp", "tls", NULL};
static const char *const auth_modes[] = {"ip", "digest", NULL};
static const char *const dids[] = {"request_uri", "to", "p_called_party_id",
				   NULL};
static const char *const formats[] = {"e164", "plain", "national", NULL};
static const char *const policies[] = {"pass", "trunk", "anonymous", NULL};
static const char *const id_headers[] = {"from", "pai", NULL};
static const char *const codecs[] = {"opus", "G722", "PCMA", "PCMU", NULL};
static const char *const dtmfs[] = {"rfc4733", "info", "inband", NULL};
static const char *const srtps[] = {"off", "optional", "required", NULL};
static const char *const rel100s[] = {"no", "supported", "required", NULL};

static const struct opt host_opts[] = {
	{
		.name = "host",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = 253,
		.check = opt_check_host,
		.doc = "Name or address. Calls may come from an address.",
	},
	{
		.name = "port",
		.type = OPT_INT,
		.flags = OPT_NULLABLE,
		.min = 1,
		.max = 65535,
		.def = "null",
		.doc = "null = by DNS for a name, else 5060.",
	},
	{
		.name = "transport",
		.type = OPT_STRING,
		.values = transports,
		.def = "\"udp\"",
		.doc = "TLS is not supported yet.",
	},
	{
		.name = "priority",
		.type = OPT_INT,
		.min = 0,
		.max = 65535,
		.def = "0",
		.doc = "The lowest is tried first.",
	},
	{
		.name = "weight",
		.type = OPT_INT,
		.min = 0,
		.max = 65535,
		.def = "1",
		.doc = "Share among hosts of one priority.",
	},
	OPT_END,
};

static const struct opt host_item[] = {{
	.type = OPT_OBJECT,
	.sub = host_opts,
}};

static const struct opt cidr_item[] = {{
	.type = OPT_STRING,
	.min = 2,
	.max = 64,
	.check = opt_check_cidr,
	.format = "cidr",
}};

static const struct opt auth_opts[] = {
	{
		.name = "mode",
		.type = OPT_STRING,
		.values = auth_modes,
		.def = "\"ip\"",
		.doc = "`ip`: by source address. Digest is not supported yet.",
	},
	{
		.name = "username",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.max = 128,
		.check = opt_check_no_controls,
		.def = "null",
		.doc = "For digest.",
	},
	{
		.name = "password",
		.type = OPT_STRING,
		.flags = OPT_WRITE,
		.min = 1,
		.max = 256,
		.check = opt_check_no_controls,
		.doc = "For digest; never shown again.",
	},
	OPT_END,
};

static const struct opt policy_opts[] = {
	{
		.name = "mode",
		.type = OPT_STRING,
		.values = policies,
		.def = "\"pass\"",
		.doc = "Send the caller's number, one of the trunk's, or none.",
	},
	{
		.name = "header",
		.type = OPT_STRING,
		.values = id_headers,
		.def = "\"pai\"",
		.doc = "Where it is asserted.",
	},
	OPT_END,
};

static const struct opt caller_item[] = {{
	.type = OPT_STRING,
	.max = 16,
	.check = opt_check_e164,
}};

static const struct opt codec_item[] = {{
	.type = OPT_STRING,
	.values = codecs,
}};

static const struct opt header_value[] = {{
	.type = OPT_STRING,
	.max = 256,
	.check = opt_check_no_controls,
}};

#define TEXT(member, size, text)                                               \
	{                                                                      \
		.name = member, .type = OPT_STRING, .flags = OPT_NULLABLE,     \
		.min = 1, .max = size, .check = opt_check_no_controls,         \
		.def = "null", .doc = text,                                    \
	}

const struct opt api_trunk_opts[] = {
	RES_OPTS,
	{
		.name = "name",
		.type = OPT_STRING,
		.flags = OPT_REQUIRED,
		.min = 1,
		.max = 128,
		.check = opt_check_no_controls,
		.doc = "Its name.",
	},
	{
		.name = "shared",
		.type = OPT_BOOL,
		.flags = OPT_PLATFORM,
		.def = "false",
		.doc = "Other accounts' routes may use it. Not supported yet.",
	},
	{
		.name = "hosts",
		.type = OPT_ARRAY,
		.min = 0,
		.max = 32,
		.sub = host_item,
		.def = "[]",
		.doc = "Where calls go; addresses are sources too.",
	},
	{
		.name = "allowed_ips",
		.type = OPT_ARRAY,
		.min = 0,
		.max = 128,
		.sub = cidr_item,
		.def = "[]",
		.doc = "Addresses and networks that calls may come from.",
	},
	{
		.name = "inbound_auth",
		.type = OPT_OBJECT,
		.sub = auth_opts,
		.def = "{}",
		.doc = "How an incoming call proves to be the trunk's.",
	},
	TEXT("username", 128, "For digest in calls to it."),
	{
		.name = "password",
		.type = OPT_STRING,
		.flags = OPT_WRITE,
		.min = 1,
		.max = 256,
		.check = opt_check_no_controls,
		.doc = "For digest in calls to it; never shown again.",
	},
	TEXT("realm", 128, "The realm of the password; null = any."),
	{
		.name = "register",
		.type = OPT_BOOL,
		.def = "false",
		.doc = "Register with the trunk. Not supported yet.",
	},
	{
		.name = "expires_s",
		.type = OPT_INT,
		.min = 60,
		.max = 86400,
		.def = "3600",
		.doc = "How long a registration shall last.",
	},
	TEXT("from_domain", 253, "Domain in From; null = our address."),
	TEXT("contact_user", 64, "User in our Contact."),
	TEXT("outbound_proxy", 253,
	     "Host (and port) where all requests go first."),
	{
		.name = "did_from",
		.type = OPT_STRING,
		.values = dids,
		.def = "\"request_uri\"",
		.doc = "Where the called number stands.",
	},
	{
		.name = "country",
		.type = OPT_STRING,
		.flags = OPT_NULLABLE,
		.min = 2,
		.max = 2,
		.check = opt_check_country,
		.def = "null",
		.doc = "For national numbers; null = the account's.",
	},
	{
		.name = "number_format_in",
		.type = OPT_STRING,
		.values = formats,
		.def = "\"e164\"",
		.doc = "How it writes numbers: +4520…, 4520…, or nationally.",
	},
	{
		.name = "number_format_out",
		.type = OPT_STRING,
		.values = formats,
		.def = "\"e164\"",
		.doc = "How it wants them, in calls to it.",
	},
	{
		.name = "caller_id_policy",
		.type = OPT_OBJECT,
		.sub = policy_opts,
		.def = "{}",
		.doc = "Which caller id is sent.",
	},
	{
		.name = "caller_ids",
		.type = OPT_ARRAY,
		.min = 0,
		.max = 100,
		.sub = caller_item,
		.def = "[]",
		.doc = "Numbers it lets us send.",
	},
	{
		.name = "codecs",
		.type = OPT_ARRAY,
		.min = 0,
		.max = 8,
		.sub = codec_item,
		.def = "[]",
		.doc = "Audio codecs in order; empty = all.",
	},
	{
		.name = "dtmf",
		.type = OPT_STRING,
		.values = dtmfs,
		.def = "\"rfc4733\"",
		.doc = "How digits travel.",
	},
	{
		.name = "srtp",
		.type = OPT_STRING,
		.values = srtps,
		.def = "\"off\"",
		.doc = "Encrypted media. Only `off` so far.",
	},
	{
		.name = "headers",
		.type = OPT_MAP,
		.min = 0,
		.max = 32,
		.sub = header_value,
		.def = "{}",
		.doc = "Headers that are added, X-….",
	},
	{
		.name = "rel100",
		.type = OPT_STRING,
		.values = rel100s,
		.def = "\"no\"",
		.doc = "Reliable provisional responses in calls to it. Only "
		       "`no` so far.",
	},
	{
		.name = "max_calls",
		.type = OPT_INT,
		.min = 0,
		.max = 1000000,
		.def = "0",
		.doc = "Calls at once; 0 = no limit.",
	},
	{
		.name = "max_cps",
		.type = OPT_INT,
		.min = 0,
		.max = 100000,
		.def = "0",
		.doc = "New calls per second; 0 = no limit.",
	},
	{
		.name = "options_ping_s",
		.type = OPT_INT,
		.min = 0,
		.max = 3600,
		.def = "0",
		.doc = "Asks each host whether it lives. Only 0 so far.",
	},
	OPT_END,
};
