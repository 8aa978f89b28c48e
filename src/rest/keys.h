/* /2010-04-01/Accounts/{account}/Keys: API keys, at the public API's own path. */
#ifndef REST_KEYS_H
#define REST_KEYS_H

#include "rest/operation.h"

must_check enum err keys_prepare_create(struct operation *op);
must_check enum err keys_prepare_one(struct operation *op);
must_check enum err keys_prepare_update(struct operation *op);
must_check enum err keys_prepare_list(struct operation *op);
void keys_render_created(struct operation *op, struct buf *out); /* with the secret */
void keys_render_one(struct operation *op, struct buf *out);
void keys_render_list(struct operation *op, struct buf *out);

#endif
