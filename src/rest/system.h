/* What is not about objects: health, metrics, the pages of the error codes. */
#ifndef REST_SYSTEM_H
#define REST_SYSTEM_H

#include "rest/operation.h"

void system_health(struct operation *op, struct buf *out);
void system_metrics(struct operation *op, struct buf *out);
void system_error_page(struct operation *op, struct buf *out);

/* /readyz asks the core, so an answer shows that it lives. ERR_BUSY: the server is stopping. */
must_check enum err system_prepare_ready(struct operation *op);
void system_render_ready(struct operation *op, struct buf *out);

#endif
