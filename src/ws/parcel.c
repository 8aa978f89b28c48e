#include "ws/parcel.h"

#include "base/mem.h"
#include "ws/sockets.h"

#include <stdlib.h>

enum { DEFLATED_SIZE_MAX = 1 << 30 };

struct parcel {
    uint32_t refs;
    uint32_t header_size;
    struct websockets *sockets; /* NULL: never to be deflated */
    bool tried;                 /* to deflate it */
    char *deflated; /* the frame; NULL: nobody has wanted it yet, or it is not any shorter */
    size_t deflated_len;
    size_t len;
    char frame[];
};

struct parcel *parcel_new_frame(enum frame_opcode opcode, struct str payload)
{
    char header[FRAME_SERVER_HEADER_MAX];
    size_t header_size = frame_write_header(header, opcode, false, payload.len);
    struct parcel *parcel = mem_alloc(sizeof *parcel + header_size + payload.len);
    *parcel = (struct parcel){
        .refs = 1,
        .header_size = (uint32_t)header_size,
        .len = header_size + payload.len,
    };
    memcpy(parcel->frame, header, header_size);
    if (payload.len)
        memcpy(parcel->frame + header_size, payload.ptr, payload.len);
    return parcel;
}

struct parcel *parcel_new(struct websockets *sockets, struct str bytes)
{
    struct parcel *parcel = parcel_new_frame(FRAME_BINARY, bytes);
    parcel->sockets = sockets;
    return parcel;
}

struct parcel *parcel_ref(struct parcel *parcel)
{
    parcel->refs++;
    return parcel;
}

void parcel_unref(struct parcel *parcel)
{
    if (!parcel || --parcel->refs)
        return;
    free(parcel->deflated);
    free(parcel);
}

static void deflate_frame(struct parcel *parcel)
{
    char header[FRAME_SERVER_HEADER_MAX];
    struct str payload = {parcel->frame + parcel->header_size, parcel->len - parcel->header_size};
    struct buf packed;
    buf_init(&packed, DEFLATED_SIZE_MAX);
    deflate_pack(&parcel->sockets->deflate, payload, &packed);
    parcel->tried = true;
    if (!packed.failed && packed.len < payload.len) {
        size_t header_size = frame_write_header(header, FRAME_BINARY, true, packed.len);
        parcel->deflated_len = header_size + packed.len;
        parcel->deflated = mem_alloc(parcel->deflated_len);
        memcpy(parcel->deflated, header, header_size);
        memcpy(parcel->deflated + header_size, packed.ptr, packed.len);
    }
    buf_deinit(&packed);
}

struct str parcel_frame(struct parcel *parcel, bool deflate)
{
    size_t size = parcel->len - parcel->header_size;
    bool worthwhile = deflate && parcel->sockets && size >= PARCEL_DEFLATE_MIN;
    if (worthwhile && !parcel->tried)
        deflate_frame(parcel);
    if (worthwhile && parcel->deflated)
        return (struct str){parcel->deflated, parcel->deflated_len};
    return (struct str){parcel->frame, parcel->len};
}
