/* /v1/Services/{service}/Documents */
#ifndef REST_DOCUMENTS_H
#define REST_DOCUMENTS_H

#include "rest/operation.h"

must_check enum err documents_prepare_create(struct operation *op);
must_check enum err documents_prepare_one(struct operation *op);
must_check enum err documents_prepare_update(struct operation *op);
must_check enum err documents_prepare_remove(struct operation *op);
must_check enum err documents_prepare_list(struct operation *op);
void documents_render_one(struct operation *op, struct buf *out);
void documents_render_list(struct operation *op, struct buf *out);

#endif
