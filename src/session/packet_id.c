#include "session/packet_id.h"

#include "base/hex.h"

void packet_id_next(struct packet_ids *ids, char id[PACKET_ID_LENGTH + 1])
{
    id[0] = 'T';
    id[1] = 'M';
    hex_put(id + 2, ids->base);
    hex_put(id + 2 + HEX_LENGTH, ++ids->given);
    id[PACKET_ID_LENGTH] = 0;
}
