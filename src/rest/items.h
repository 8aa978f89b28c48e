/* /v1/Services/{service}/Lists/{list}/Items and Maps/{map}/Items */
#ifndef REST_ITEMS_H
#define REST_ITEMS_H

#include "rest/operation.h"

must_check enum err items_prepare_create(struct operation *op);
must_check enum err items_prepare_one(struct operation *op);
must_check enum err items_prepare_update(struct operation *op);
must_check enum err items_prepare_put(struct operation *op);
must_check enum err items_prepare_remove(struct operation *op);

/* A page, or the items that `Indexes` or `Keys` names. */
must_check enum err items_prepare_list(struct operation *op);

void items_render_one(struct operation *op, struct buf *out);
void items_render_put(struct operation *op, struct buf *out); /* 201 when it was created */
void items_render_list(struct operation *op, struct buf *out);

#endif
