/* .../Documents/{document}/Permissions, the same of lists and maps */
#ifndef REST_PERMISSIONS_H
#define REST_PERMISSIONS_H

#include "rest/operation.h"

must_check enum err permissions_prepare_one(struct operation *op);
must_check enum err permissions_prepare_put(struct operation *op);
must_check enum err permissions_prepare_list(struct operation *op);
void permissions_render_one(struct operation *op, struct buf *out);
void permissions_render_list(struct operation *op, struct buf *out);

#endif
