/* /v1/Services/{service}/Streams/{stream}/Messages */
#ifndef REST_MESSAGES_H
#define REST_MESSAGES_H

#include "rest/operation.h"

must_check enum err messages_prepare_create(struct operation *op);
void messages_render_one(struct operation *op, struct buf *out);

#endif
