// SPDX-License-Identifier: GPL-2.0
/*
 * judge PPM WIDTH HEIGHT NR...: which of the test pictures is it? Runs on the
 * host, on what QEMU says is on the screen, and draws the pictures itself.
 *
 * Prints one line: 'picture NR' if every pixel is that picture's, 'blank' if
 * there is nothing but text on black, or what is wrong with the first of them.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "picture.h"

static unsigned int width, height;
static uint32_t *pixels;

/* It is an answer like the others, so the exit status is good. */
static _Noreturn void answer(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(0);
}

static void load(const char *name)
{
	FILE *ppm = fopen(name, "rb");
	uint8_t rgb[3];
	size_t i;

	if (!ppm || fscanf(ppm, "P6 %u %u 255", &width, &height) != 2 ||
	    fgetc(ppm) == EOF)
		answer("no PPM");
	pixels = calloc((size_t)width * height, sizeof(*pixels));
	if (!pixels)
		answer("no memory for %ux%u", width, height);
	for (i = 0; i < (size_t)width * height; i++) {
		if (fread(rgb, sizeof(rgb), 1, ppm) != 1)
			answer("the PPM ends at pixel %zu", i);
		pixels[i] = rgb[0] << 16 | rgb[1] << 8 | rgb[2];
	}
	fclose(ppm);
}

/* Return: how many pixels are not that picture's; *first: one of them. */
static size_t differences(unsigned int nr, size_t *first)
{
	size_t i, bad = 0;

	for (i = 0; i < (size_t)width * height; i++) {
		if (pixels[i] == picture_pixel(nr, i % width, i / width))
			continue;
		if (!bad++)
			*first = i;
	}
	return bad;
}

/* QEMU writes a line of text where nothing is scanned out. */
static bool is_blank(void)
{
	size_t i, text = 0;
	uint32_t colour = 0;

	for (i = 0; i < (size_t)width * height; i++) {
		if (!pixels[i])
			continue;
		if (colour && pixels[i] != colour)
			return false;
		colour = pixels[i];
		text++;
	}
	return text < (size_t)width * height / 20;
}

int main(int argc, char **argv)
{
	unsigned int nr, x, y;
	size_t bad, first = 0;
	int i;

	if (argc < 5)
		return 2;
	load(argv[1]);
	for (i = 4; i < argc; i++)
		if (width == strtoul(argv[2], NULL, 10) &&
		    height == strtoul(argv[3], NULL, 10) &&
		    !differences(strtoul(argv[i], NULL, 10), &first))
			answer("picture %s", argv[i]);
	if (is_blank())
		answer("blank");
	bad = differences(strtoul(argv[4], NULL, 10), &first);
	picture_find(pixels[first], &nr, &x, &y);
	answer("%zu of %ux%u pixels are not picture %s, the first at %zu,%zu: %#08x, which is %u,%u of picture %u",
	       bad, width, height, argv[4], first % width, first / width,
	       pixels[first], x, y, nr);
}
