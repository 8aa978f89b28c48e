/* /v1/Services */
#ifndef REST_SERVICES_H
#define REST_SERVICES_H

#include "rest/operation.h"

must_check enum err services_prepare_create(struct operation *op);
must_check enum err services_prepare_one(struct operation *op);
must_check enum err services_prepare_update(struct operation *op);
must_check enum err services_prepare_list(struct operation *op);
void services_render_one(struct operation *op, struct buf *out);
void services_render_list(struct operation *op, struct buf *out);

#endif
