/* /v1/Services/{service}/Documents, Lists, Maps and Streams */
#ifndef REST_RESOURCES_H
#define REST_RESOURCES_H

#include "rest/operation.h"

must_check enum err resources_prepare_create(struct operation *op);
must_check enum err resources_prepare_one(struct operation *op);
must_check enum err resources_prepare_update(struct operation *op);
must_check enum err resources_prepare_remove(struct operation *op);
must_check enum err resources_prepare_list(struct operation *op);
void resources_render_one(struct operation *op, struct buf *out);
void resources_render_list(struct operation *op, struct buf *out);

#endif
