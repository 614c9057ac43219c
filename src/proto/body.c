/* SPDX-License-Identifier: Apache-2.0 */
/* Content codings of bodies (RFC 9110 8.4.1): gzip, deflate, br, zstd; the output is bounded by its buffer. */
#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include "proto/core_priv.h"

enum { STEP_BYTES = 16384 };

static bool
unzip_window(struct slice in, struct buf *out, int window)
{
    z_stream z = {.next_in = (Bytef *)(uintptr_t)in.p, .avail_in = (uInt)in.len};
    uint8_t block[STEP_BYTES];
    int rc = Z_OK;

    if (inflateInit2(&z, window) != Z_OK)
        return false;
    while (rc == Z_OK && out->len < out->max) {
        z.next_out = block;
        z.avail_out = sizeof(block);
        rc = inflate(&z, Z_SYNC_FLUSH);
        size_t n = sizeof(block) - z.avail_out, left = out->max - out->len;
        buf_add(out, block, n < left ? n : left);
        if (n == 0)
            break;
    }
    inflateEnd(&z);
    return out->len > 0 || rc == Z_STREAM_END;
}

static bool
unbrotli(struct slice in, struct buf *out)
{
    BrotliDecoderState *b = BrotliDecoderCreateInstance(NULL, NULL, NULL);
    uint8_t block[STEP_BYTES];
    BrotliDecoderResult rc = BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT;
    const uint8_t *next = in.p;
    size_t left_in = in.len;

    while (b && rc == BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT && out->len < out->max) {
        uint8_t *to = block;
        size_t room = sizeof(block);
        rc = BrotliDecoderDecompressStream(b, &left_in, &next, &room, &to, NULL);
        size_t n = sizeof(block) - room, left = out->max - out->len;
        buf_add(out, block, n < left ? n : left);
    }
    if (b)
        BrotliDecoderDestroyInstance(b);
    return out->len > 0 || rc == BROTLI_DECODER_RESULT_SUCCESS;
}

static bool
unzstd(struct slice in, struct buf *out)
{
    ZSTD_DStream *z = ZSTD_createDStream();
    uint8_t block[STEP_BYTES];
    ZSTD_inBuffer from = {in.p, in.len, 0};
    size_t rc = 1;

    if (!z)
        return false;
    while (rc > 0 && !ZSTD_isError(rc) && out->len < out->max) {
        ZSTD_outBuffer to = {block, sizeof(block), 0};
        rc = ZSTD_decompressStream(z, &to, &from);
        size_t left = out->max - out->len;
        buf_add(out, block, to.pos < left ? to.pos : left);
        if (to.pos == 0 && from.pos == from.size)
            break;
    }
    ZSTD_freeDStream(z);
    return out->len > 0 || rc == 0;
}

bool
body_decode(enum encoding how, struct slice in, struct buf *out)
{
    switch (how) {
    case ENC_GZIP:
        return unzip_window(in, out, 15 + 32);
    case ENC_DEFLATE: /* with the zlib head as the RFC says, or without as some servers do */
        if (in.len >= 2 && (in.p[0] & 15) == 8 && (in.p[0] * 256 + in.p[1]) % 31 == 0)
            return unzip_window(in, out, 15);
        return unzip_window(in, out, -15);
    case ENC_BROTLI:
        return unbrotli(in, out);
    case ENC_ZSTD:
        return unzstd(in, out);
    case ENC_PLAIN:
        break;
    }
    buf_add(out, in.p, in.len < out->max ? in.len : out->max);
    return true;
}
