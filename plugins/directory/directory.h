/* SPDX-License-Identifier: GPL-3.0-or-later */
/** @file directory.h  Configuration as calls see it: in memory, on the loop
 *
 * Thread: loop only (directory_load at start). The store is the truth; this
 * is its view by which an INVITE finds trunk, number and flow without SQL.
 * A verb that changed a resource applies the stored document after its
 * commit. Objects are counted and immutable: a change replaces the object, a
 * running call keeps the version it started with.
 */
#ifndef BIFRONS_DIRECTORY_DIRECTORY_H
#define BIFRONS_DIRECTORY_DIRECTORY_H

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/id.h"

struct db;
struct directory;
struct flow_doc; /* flow/flow_doc.h: a validated flow, counted */

struct dir_account {
	char id[ID_SIZE];
	char *name;
	char *country; /**< ISO 3166 alpha-2, for national numbers */
	bool suspended;
	int max_calls, max_incoming, max_outgoing, max_cps; /**< 0 = none */
	json_t *doc;      /**< the resource, secrets sealed; loop only */
	char *hold_media; /**< what who is held hears; or NULL */
};

struct dir_cidr {
	int family; /**< AF_INET or AF_INET6 */
	uint8_t addr[16];
	unsigned bits;
};

enum dir_dtmf {
	DIR_DTMF_RFC4733,
	DIR_DTMF_INFO,
	DIR_DTMF_INBAND
};
enum dir_format {
	DIR_E164,
	DIR_PLAIN,
	DIR_NATIONAL
};
enum dir_did {
	DIR_DID_REQUEST_URI,
	DIR_DID_TO,
	DIR_DID_PCPID
};

/** As the words of the option, in its order */
enum dir_transport {
	DIR_UDP,
	DIR_TCP,
	DIR_TLS
};

/** Where calls to a trunk go */
struct dir_host {
	char *host;    /**< name or address, an IPv6 one without brackets */
	uint16_t port; /**< 0 = not said */
	enum dir_transport transport;
	unsigned priority, weight;
	unsigned place; /**< in the document */
};

enum dir_caller {
	DIR_CALLER_PASS,
	DIR_CALLER_TRUNK, /**< one of caller_ids */
	DIR_CALLER_ANONYMOUS
};

struct dir_trunk {
	char id[ID_SIZE], account_id[ID_SIZE];
	char *name;
	struct dir_cidr
		*allowed; /**< allowed_ips, and hosts that are addresses */
	size_t nallowed;
	enum dir_dtmf dtmf;
	enum dir_did did_from;
	enum dir_format format_in;
	char *country; /**< of the trunk or else of the account */
	char **codecs; /**< NULL-ended names in order, or NULL = all */
	int max_calls, max_cps;

	/* outgoing; NULL = not said, strings are doc's */
	struct dir_host *hosts; /**< the lowest priority first */
	size_t nhosts;
	enum dir_format format_out;
	const char *username, *realm;
	const char *from_domain, *contact_user, *outbound_proxy;
	enum dir_caller caller;
	bool asserts; /**< P-Asserted-Identity beside From */
	char **caller_ids;
	const json_t *headers; /**< {name: value} */

	json_t *doc; /**< the resource, secrets sealed; loop only */
};

struct dir_number {
	char id[ID_SIZE], account_id[ID_SIZE], flow_id[ID_SIZE];
	char *number; /**< "+45…", or a prefix when is_pattern */
	bool is_pattern;
	json_t *doc;
};

struct dir_flow {
	char id[ID_SIZE], account_id[ID_SIZE];
	struct flow_doc *doc;
};

/** A private SIP domain */
struct dir_domain {
	char id[ID_SIZE], account_id[ID_SIZE];
	char outgoing_flow_id[ID_SIZE]; /**< "" = none */
	char *name;                     /**< lower case */
	bool active;                    /**< approved by the platform */
};

/** A user of a domain: its phones and browsers */
struct dir_extension {
	char id[ID_SIZE], account_id[ID_SIZE], domain_id[ID_SIZE];
	char outgoing_flow_id[ID_SIZE]; /**< "" = none */
	char *extension;                /**< "1001" */
	char *at;                       /**< "1001@" and the domain's id */
	char *name;
	char *caller_id; /**< or NULL */
	char **codecs;   /**< NULL-ended names in order, or NULL = all */
	int max_contacts;
	json_t *doc; /**< the resource, secrets sealed; loop only */
};

/** Kinds, named as their tables */
enum dir_kind {
	DIR_ACCOUNT,
	DIR_TRUNK,
	DIR_NUMBER,
	DIR_FLOW,
	DIR_DOMAIN,
	DIR_EXTENSION,
	DIR_NKINDS,
};

int directory_alloc(struct directory **dirp);

/** Read everything from the store. Blocks: at start, before calls.
 * @return 0 or EIO
 */
int directory_load(struct directory *dir, struct db *db);

/** Take the document that was stored (as its GET shows it, with sealed
 * secrets). A document that cannot be used is logged and leaves the old one.
 */
void directory_apply(struct directory *dir, enum dir_kind kind,
		     const json_t *doc);
void directory_remove(struct directory *dir, enum dir_kind kind,
		      const char *id);

/** Have one told of every change, once it is made; NULL: nobody any more. It
 * changes nothing in here, and does its work later. */
void directory_watch(struct directory *dir,
		     void (*changed)(void *arg, enum dir_kind kind), void *arg);

/** Borrowed; obj_ref() to keep. NULL when there is none */
const struct dir_account *directory_account(const struct directory *dir,
					    const char *id);
/** The oldest one, made at the first start: the platform's own */
const struct dir_account *directory_first_account(const struct directory *dir);
const struct dir_flow *directory_flow(const struct directory *dir,
				      const char *id);
/** What all flows of an account count together (flow_doc_bytes()) */
uint64_t directory_flow_bytes(const struct directory *dir,
			      const char *account_id);
const struct dir_trunk *directory_trunk(const struct directory *dir,
					const char *id);
const struct dir_domain *directory_domain(const struct directory *dir,
					  const char *id);
const struct dir_extension *directory_extension(const struct directory *dir,
						const char *id);

/** A user by what is dialled: "1001@acme.test", or "1001" where one domain
 * alone of the account has it. Domains that wait for approval have nobody.
 * @return Borrowed; NULL when there is none, or more than one
 */
const struct dir_extension *directory_extension_at(const struct directory *dir,
						   const char *account_id,
						   const char *address);

const struct dir_number *directory_number_by_id(const struct directory *dir,
						const char *id);

/** Trunks whose sources hold this address, longest prefix first.
 * @param trunks  Filled with at most max
 * @return How many
 */
size_t directory_trunks_by_source(const struct directory *dir,
				  const struct sockaddr *sa,
				  const struct dir_trunk **trunks, size_t max);

/** Does a trunk of another account have sources in this network? */
bool directory_source_is_taken(const struct directory *dir,
			       const struct dir_cidr *net,
			       const char *account_id);

/** The number that answers a destination (exact before pattern, longer before
 * shorter); only of this account when account_id is not NULL
 */
const struct dir_number *directory_number(const struct directory *dir,
					  const char *destination,
					  const char *account_id);

/** Which resource refers to this one ("number 0190…"), for 409 in_use.
 * @return 0, or EBUSY with `why` filled in
 */
int directory_in_use(const struct directory *dir, enum dir_kind kind,
		     const char *id, char *why, size_t size);

/** May this account have a number (E.164, or a short code) called? By
 * allowed_destinations, or else its own country alone; without either any.
 * Emergency numbers always. */
bool directory_may_call(const struct dir_account *account, const char *number);

/** The same of a SIP URI, whose user may be a number too: written as the trunk
 * would take it. One by a trunk that cannot be told to be allowed is not.
 * @param trunk  By which it goes, or NULL: to the URI's host
 */
bool directory_may_call_uri(const struct dir_account *account, const char *uri,
			    const struct dir_trunk *trunk);

/** Normalise a dialled or calling number to E.164 ("+…") when it can be, by
 * a trunk's format and country; short codes and words stay as they are.
 */
void directory_normalise(char *out, size_t size, const char *raw,
			 enum dir_format format, const char *country);

/** The other way: an E.164 number as a trunk wants it. National numbers get
 * the country's prefix, numbers of elsewhere its international one; what is
 * not E.164 stays as it is.
 */
void directory_write_number(char *out, size_t size, const char *number,
			    enum dir_format format, const char *country);

#endif
