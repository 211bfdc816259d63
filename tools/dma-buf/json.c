// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "json.h"

#define JSON_DEPTH	8

static struct {
	char end[JSON_DEPTH];
	bool more[JSON_DEPTH];
	int depth;
} json;

static void put_text(const char *text);

/* What comes before any value */
static void put_key(const char *key)
{
	if (json.depth && json.more[json.depth - 1])
		putchar(',');
	if (json.depth)
		json.more[json.depth - 1] = true;
	if (key) {
		put_text(key);
		putchar(':');
	}
}

static void begin(const char *key, char start, char end)
{
	put_key(key);
	putchar(start);
	json.end[json.depth] = end;
	json.more[json.depth++] = false;
}

void json_object(const char *key)
{
	begin(key, '{', '}');
}

void json_array(const char *key)
{
	begin(key, '[', ']');
}

void json_end(void)
{
	putchar(json.end[--json.depth]);
	if (!json.depth) {
		putchar('\n');
		fflush(stdout);
	}
}

/* Bytes in the UTF-8 character at text, 0 if it is none */
static int utf8_len(const unsigned char *text)
{
	static const unsigned int least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int code;
	int len, i;

	if (*text < 0x80)
		return 1;
	len = *text >= 0xf0 ? 4 : *text >= 0xe0 ? 3 : 2;
	if (*text < 0xc2 || *text > 0xf4)
		return 0;
	code = *text & (0x7f >> len);
	for (i = 1; i < len; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[len] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return len;
}

/* A name may have any bytes, JSON only those of UTF-8. */
static void put_text(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	int len;

	putchar('"');
	while (*c) {
		len = utf8_len(c);
		if (!len)
			fputs("\\ufffd", stdout);
		else if (*c < 0x20 || *c == 0x7f)
			printf("\\u%04x", *c);
		else if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else
			fwrite(c, 1, len, stdout);
		c += len ? len : 1;
	}
	putchar('"');
}

void json_text(const char *key, const char *text)
{
	put_key(key);
	if (text)
		put_text(text);
	else
		fputs("null", stdout);
}

void json_number(const char *key, s64 number)
{
	put_key(key);
	printf("%lld", number);
}

void json_unsigned(const char *key, u64 number)
{
	put_key(key);
	printf("%llu", number);
}

void json_bool(const char *key, bool value)
{
	put_key(key);
	fputs(value ? "true" : "false", stdout);
}
