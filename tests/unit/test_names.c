/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names are those of the design, complete, distinct and never NULL. */
#include "names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "findings.h"
#include "sample.h"

struct set {
	const char *(*name)(unsigned int);
	unsigned int nr;
};

static const struct set sets[] = {
	{ outcome_name, OUTCOME_NR },	  { reason_name, REASON_NR },
	{ cause_name, CAUSE_NR },	  { finding_name, FINDING_NR },
	{ direction_name, DIRECTION_NR }, { role_name, ROLE_NR },
	{ ending_name, ENDING_NR },	  { starttls_verb_name, STARTTLS_VERB_NR },
	{ auth_mechanism_name, AUTH_NR }, { notable_name, NOTABLE_NR },
	{ counter_name, COUNTER_NR },	  { finding_meaning, FINDING_NR },
	{ finding_remedy, FINDING_NR },
};

#define SETS_NR (sizeof(sets) / sizeof(sets[0]))

static void every_number_of_a_set_has_its_own_name(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < SETS_NR; s++) {
		for (unsigned int i = 0; i < sets[s].nr; i++) {
			const char *name = sets[s].name(i);

			assert_non_null(name);
			assert_string_not_equal(name, "unknown");
			for (unsigned int other = 0; other < i; other++)
				assert_string_not_equal(name, sets[s].name(other));
		}
	}
}

static void a_number_outside_its_set_is_unknown(void **state)
{
	(void)state;
	for (unsigned int s = 0; s < SETS_NR; s++) {
		assert_string_equal(sets[s].name(sets[s].nr), "unknown");
		assert_string_equal(sets[s].name(~0U), "unknown");
	}
}

static void outcomes_are_those_of_the_design(void **state)
{
	(void)state;
	assert_string_equal(outcome_name(OUTCOME_UNDETERMINED), "undetermined");
	assert_string_equal(outcome_name(OUTCOME_IMPLICIT_TLS), "implicit_tls");
	assert_string_equal(outcome_name(OUTCOME_STARTTLS), "starttls");
	assert_string_equal(outcome_name(OUTCOME_PLAINTEXT), "plaintext");
	assert_string_equal(outcome_name(OUTCOME_STARTTLS_FAILED), "starttls_failed");
	assert_string_equal(outcome_name(OUTCOME_NO_MAIL), "no_mail");
	assert_string_equal(outcome_name(OUTCOME_SILENT), "silent");
	assert_string_equal(outcome_name(OUTCOME_NOT_SMTP), "not_smtp");
	assert_string_equal(outcome_name(OUTCOME_UNANSWERED), "unanswered");
	assert_string_equal(outcome_name(OUTCOME_REFUSED), "refused");
}

static void reasons_are_those_of_the_design(void **state)
{
	(void)state;
	assert_string_equal(reason_name(REASON_HELO), "helo");
	assert_string_equal(reason_name(REASON_NOT_OFFERED), "not_offered");
	assert_string_equal(reason_name(REASON_MASKED), "masked");
	assert_string_equal(reason_name(REASON_NOT_REQUESTED), "not_requested");
	assert_string_equal(reason_name(REASON_REFUSED), "refused");
	assert_string_equal(reason_name(REASON_HANDSHAKE_FAILED), "handshake_failed");
	assert_string_equal(reason_name(REASON_BEFORE_TLS), "before_tls");
}

static void findings_are_those_of_the_design(void **state)
{
	(void)state;
	assert_string_equal(finding_name(FINDING_PLAINTEXT_MAIL), "plaintext-mail");
	assert_string_equal(finding_name(FINDING_PLAINTEXT_AUTH), "plaintext-auth");
	assert_string_equal(finding_name(FINDING_STARTTLS_NOT_OFFERED), "starttls-not-offered");
	assert_string_equal(finding_name(FINDING_STARTTLS_REFUSED), "starttls-refused");
	assert_string_equal(finding_name(FINDING_STARTTLS_MASKED), "starttls-masked");
	assert_string_equal(finding_name(FINDING_TLS_HANDSHAKE_FAILED), "tls-handshake-failed");
	assert_string_equal(finding_name(FINDING_WEAK_TLS), "weak-tls");
	assert_string_equal(finding_name(FINDING_STARTTLS_INJECTION), "starttls-injection");
	assert_string_equal(finding_name(FINDING_RESPONSE_INJECTION), "response-injection");
	assert_string_equal(finding_name(FINDING_IMPLICIT_PORT_PLAINTEXT),
			    "implicit-port-plaintext");
}

static void names_of_labels_are_plain_words(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < COUNTER_NR; i++)
		assert_int_equal(strspn(counter_name(i), "abcdefghijklmnopqrstuvwxyz_"),
				 strlen(counter_name(i)));
	for (unsigned int i = 0; i < NOTABLE_NR; i++)
		assert_in_range(strtoul(notable_name(i), NULL, 10), 421, 554);
}

static void tls_versions_are_told_as_people_say_them(void **state)
{
	(void)state;
	assert_string_equal(tls_version_name(0x0300), "SSLv3");
	assert_string_equal(tls_version_name(0x0301), "1.0");
	assert_string_equal(tls_version_name(0x0302), "1.1");
	assert_string_equal(tls_version_name(0x0303), "1.2");
	assert_string_equal(tls_version_name(0x0304), "1.3");
	assert_string_equal(tls_version_name(0x7f1c), "unknown");
}

static void a_common_cipher_suite_has_its_iana_name(void **state)
{
	char buf[TLS_CIPHER_MAX];

	(void)state;
	assert_string_equal(tls_cipher_name(0x1302, buf, sizeof(buf)), "TLS_AES_256_GCM_SHA384");
	assert_string_equal(tls_cipher_name(0xc02f, buf, sizeof(buf)),
			    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
	assert_string_equal(tls_cipher_name(0x000a, buf, sizeof(buf)),
			    "TLS_RSA_WITH_3DES_EDE_CBC_SHA");
}

static void any_other_cipher_suite_is_its_number(void **state)
{
	char buf[TLS_CIPHER_MAX];

	(void)state;
	assert_string_equal(tls_cipher_name(0x00c6, buf, sizeof(buf)), "0x00c6");
	assert_string_equal(tls_cipher_name(0xffff, buf, sizeof(buf)), "0xffff");
}

static void an_offer_seen_is_yes_even_in_a_reply_cut_short(void **state)
{
	struct record r = { .server.flags = EV_OFFERED };

	(void)state;
	assert_string_equal(offer_name(&r), "yes");
	r.server.flags |= EV_OFFER_KNOWN;
	assert_string_equal(offer_name(&r), "yes");
}

static void no_offer_is_no_only_when_the_reply_was_read_to_its_end(void **state)
{
	struct record r = { .server.flags = EV_OFFER_KNOWN };

	(void)state;
	assert_string_equal(offer_name(&r), "no");
	r.server.flags = EV_GREETED;
	assert_string_equal(offer_name(&r), "unknown");
}

static void a_mapped_address_is_told_as_ipv4(void **state)
{
	char buf[ADDRESS_TEXT_MAX];
	__u8 address[16];

	(void)state;
	sample_ipv4(address, 192, 0, 2, 255);
	assert_string_equal(address_text(address, buf), "192.0.2.255");
}

static void an_ipv6_address_is_told_in_its_short_form(void **state)
{
	char buf[ADDRESS_TEXT_MAX];
	__u8 address[16];

	(void)state;
	sample_ipv6(address, "2001:0db8:0::0001");
	assert_string_equal(address_text(address, buf), "2001:db8::1");
	sample_ipv6(address, "::fffe:1:2");
	assert_string_equal(address_text(address, buf), "::fffe:1:2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_of_a_set_has_its_own_name),
		cmocka_unit_test(a_number_outside_its_set_is_unknown),
		cmocka_unit_test(outcomes_are_those_of_the_design),
		cmocka_unit_test(reasons_are_those_of_the_design),
		cmocka_unit_test(findings_are_those_of_the_design),
		cmocka_unit_test(names_of_labels_are_plain_words),
		cmocka_unit_test(tls_versions_are_told_as_people_say_them),
		cmocka_unit_test(a_common_cipher_suite_has_its_iana_name),
		cmocka_unit_test(any_other_cipher_suite_is_its_number),
		cmocka_unit_test(an_offer_seen_is_yes_even_in_a_reply_cut_short),
		cmocka_unit_test(no_offer_is_no_only_when_the_reply_was_read_to_its_end),
		cmocka_unit_test(a_mapped_address_is_told_as_ipv4),
		cmocka_unit_test(an_ipv6_address_is_told_in_its_short_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
