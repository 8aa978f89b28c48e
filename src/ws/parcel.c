#include "ws/parcel.h"

#include "base/mem.h"
#include "ws/sockets.h"

#include <assert.h>
#include <stdlib.h>

enum { DEFLATED_SIZE_MAX = 1 << 30 };

/* Deflating, under way. */
struct packing {
    size_t done; /* bytes of the message */
    struct buf out;
};

struct parcel {
    uint32_t refs;
    uint32_t deflated_refs; /* of these, to the deflated form only */
    uint32_t header_size;
    bool tried;                 /* to deflate it */
    struct websockets *sockets; /* NULL: never to be deflated */
    struct packing *packing;    /* NULL: not begun, or tried */
    char *deflated; /* the frame; NULL: nobody has wanted it yet, or it is not any shorter */
    size_t deflated_len;
    char *frame; /* the plain one; NULL: nobody needs it any more */
    size_t len;
    char small[]; /* where it stands if it is never to be deflated */
};

static size_t payload_size(const struct parcel *parcel)
{
    return parcel->len - parcel->header_size;
}

static bool is_worthwhile(const struct parcel *parcel, bool deflate)
{
    return deflate && parcel->sockets && payload_size(parcel) >= PARCEL_DEFLATE_MIN;
}

static struct parcel *make(struct websockets *sockets, enum frame_opcode opcode, struct str payload)
{
    char header[FRAME_SERVER_HEADER_MAX];
    size_t header_size = frame_write_header(header, opcode, false, payload.len);
    size_t len = header_size + payload.len;
    bool apart = sockets && payload.len >= PARCEL_DEFLATE_MIN;
    struct parcel *parcel = mem_alloc(sizeof *parcel + (apart ? 0 : len));
    *parcel = (struct parcel){
        .refs = 1,
        .header_size = (uint32_t)header_size,
        .sockets = sockets,
        .len = len,
        .frame = apart ? mem_alloc(len) : parcel->small,
    };
    memcpy(parcel->frame, header, header_size);
    if (payload.len)
        memcpy(parcel->frame + header_size, payload.ptr, payload.len);
    return parcel;
}

struct parcel *parcel_new_frame(enum frame_opcode opcode, struct str payload)
{
    return make(NULL, opcode, payload);
}

struct parcel *parcel_new(struct websockets *sockets, struct str bytes)
{
    return make(sockets, FRAME_BINARY, bytes);
}

static void drop_frame(struct parcel *parcel)
{
    if (parcel->frame != parcel->small)
        free(parcel->frame);
    parcel->frame = NULL;
}

static void drop_what_nobody_needs(struct parcel *parcel)
{
    if (parcel->refs == parcel->deflated_refs && parcel->deflated)
        drop_frame(parcel);
}

struct parcel *parcel_ref(struct parcel *parcel)
{
    assert(parcel->frame);
    parcel->refs++;
    return parcel;
}

static void drop_packing(struct parcel *parcel)
{
    if (parcel->packing)
        buf_deinit(&parcel->packing->out);
    free(parcel->packing);
    parcel->packing = NULL;
}

void parcel_unref(struct parcel *parcel)
{
    if (!parcel)
        return;
    if (--parcel->refs) {
        drop_what_nobody_needs(parcel);
        return;
    }
    drop_packing(parcel);
    drop_frame(parcel);
    free(parcel->deflated);
    free(parcel);
}

struct parcel *parcel_ref_form(struct parcel *parcel, bool deflate)
{
    parcel->refs++;
    parcel->deflated_refs += deflate;
    return parcel;
}

void parcel_unref_form(struct parcel *parcel, bool deflate)
{
    parcel->deflated_refs -= deflate;
    parcel_unref(parcel);
}

static void begin(struct parcel *parcel)
{
    parcel->packing = mem_zalloc(1, sizeof *parcel->packing);
    buf_init(&parcel->packing->out, DEFLATED_SIZE_MAX);
}

static void keep_deflated(struct parcel *parcel, struct str payload)
{
    char header[FRAME_SERVER_HEADER_MAX];
    size_t header_size = frame_write_header(header, FRAME_BINARY, true, payload.len);
    parcel->deflated_len = header_size + payload.len;
    parcel->deflated = mem_alloc(parcel->deflated_len);
    memcpy(parcel->deflated, header, header_size);
    memcpy(parcel->deflated + header_size, payload.ptr, payload.len);
}

static void finish(struct parcel *parcel, bool shorter)
{
    if (shorter)
        keep_deflated(parcel, buf_str(&parcel->packing->out));
    drop_packing(parcel);
    parcel->tried = true;
    drop_what_nobody_needs(parcel);
}

static size_t next_piece(const struct parcel *parcel)
{
    size_t size = payload_size(parcel), left = size - parcel->packing->done;
    return size <= PARCEL_AT_ONCE_MAX || left < PARCEL_PIECE ? left : PARCEL_PIECE;
}

/* What is no shorter after a piece is not worth the next. */
void parcel_pack(struct parcel *parcel)
{
    if (parcel->tried)
        return;
    if (!parcel->packing)
        begin(parcel);
    struct packing *packing = parcel->packing;
    struct str message = {parcel->frame + parcel->header_size, payload_size(parcel)};
    size_t size = next_piece(parcel);
    deflate_pack_piece(&parcel->sockets->deflate, message, packing->done, size, &packing->out);
    packing->done += size;
    bool shorter = !packing->out.failed && packing->out.len < packing->done;
    if (!shorter || packing->done == message.len)
        finish(parcel, shorter);
}

bool parcel_is_ready(const struct parcel *parcel, bool deflate)
{
    return !is_worthwhile(parcel, deflate) || parcel->tried ||
           payload_size(parcel) <= PARCEL_AT_ONCE_MAX;
}

struct str parcel_frame(struct parcel *parcel, bool deflate)
{
    bool worthwhile = is_worthwhile(parcel, deflate);
    assert(parcel_is_ready(parcel, deflate));
    if (worthwhile && !parcel->tried)
        parcel_pack(parcel);
    if (worthwhile && parcel->deflated)
        return (struct str){parcel->deflated, parcel->deflated_len};
    assert(parcel->frame);
    return (struct str){parcel->frame, parcel->len};
}

size_t parcel_size(struct parcel *parcel, bool deflate)
{
    if (parcel_is_ready(parcel, deflate))
        return parcel_frame(parcel, deflate).len;
    return parcel->len + (parcel->packing ? parcel->packing->out.len : 0);
}
