/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the writer wrote, another library reads back. */
#include "json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void an_empty_object_is_one(void **state)
{
	char buf[8];
	struct json j;

	(void)state;
	json_open(&j, buf, sizeof(buf));
	assert_int_equal(json_close(&j), 2);
	assert_string_equal(buf, "{}");
}

static void members_and_items_are_parted_by_commas(void **state)
{
	char buf[128];
	struct json j;

	(void)state;
	json_open(&j, buf, sizeof(buf));
	json_begin_list(&j, "none");
	json_end_list(&j);
	json_begin_list(&j, "two");
	json_put_item(&j, "a");
	json_put_item(&j, "b");
	json_end_list(&j);
	json_put_bool(&j, "yes", true);
	json_put_bool(&j, "no", false);
	json_put_string(&j, "text", "");
	json_close(&j);
	assert_string_equal(buf, "{\"none\":[],\"two\":[\"a\",\"b\"],\"yes\":true,"
				 "\"no\":false,\"text\":\"\"}");
}

static void numbers_reach_from_zero_to_the_largest(void **state)
{
	char buf[128];
	struct json j;

	(void)state;
	json_open(&j, buf, sizeof(buf));
	json_put_u64(&j, "zero", 0);
	json_put_u64(&j, "ten", 10);
	json_put_u64(&j, "most", ~0ULL);
	json_close(&j);
	assert_string_equal(buf, "{\"zero\":0,\"ten\":10,\"most\":18446744073709551615}");
}

static void quotes_and_controls_come_back_as_they_were(void **state)
{
	static const char value[] = "\"quoted\" back\\slash\ttab\r\n\x7f";
	char buf[128];
	struct json j;
	json_t *json;

	(void)state;
	json_open(&j, buf, sizeof(buf));
	json_put_string(&j, "value", value);
	assert_true(json_close(&j) > 0);
	assert_null(strpbrk(buf, "\t\r\n\x7f"));
	json = json_loads(buf, 0, NULL);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "value")), value);
	json_decref(json);
}

static int write_some(char *buf, size_t size)
{
	struct json j;

	json_open(&j, buf, size);
	json_put_string(&j, "a", "b\n");
	json_put_u64(&j, "c", 12345);
	json_put_bool(&j, "d", false);
	return json_close(&j);
}

static void what_does_not_fit_is_refused_at_every_size(void **state)
{
	char whole[128];
	int len = write_some(whole, sizeof(whole));

	(void)state;
	for (int size = 0; size <= len + 1; size++) {
		char *buf = malloc(size ? size : 1);

		assert_int_equal(write_some(buf, size), size > len ? len : -ENOSPC);
		free(buf);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_object_is_one),
		cmocka_unit_test(members_and_items_are_parted_by_commas),
		cmocka_unit_test(numbers_reach_from_zero_to_the_largest),
		cmocka_unit_test(quotes_and_controls_come_back_as_they_were),
		cmocka_unit_test(what_does_not_fit_is_refused_at_every_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
