/* Pages of a list: their parameters, tokens and meta. */
#ifndef REST_PAGE_H
#define REST_PAGE_H

#include "rest/operation.h"

/* Read PageSize, Page and PageToken into the command.
 * ERR_PAGE_SIZE, ERR_PAGE_TOKEN, ERR_PARAMETER. */
must_check enum err page_prepare(struct operation *op);

/* The same of items: also Order, From and Bounds. ERR_ORDER, ERR_BOUNDS; ERR_INDEX or ERR_KEY:
 * nothing can be called as From says. */
must_check enum err page_prepare_items(struct operation *op);

/* Have the addresses in the answer repeat the parameter `name`, if it was given. */
void page_keep(struct operation *op, struct str name);

/* Writes one object of the page. */
typedef void page_writer(struct operation *op, const struct change *head, struct buf *out);

/* {"KEY":[...],"meta":{...}} as /v1 has it. */
void page_render(struct operation *op, const char *key, page_writer *write_one, struct buf *out);

/* {"KEY":[...],"page":0,...} as /2010-04-01 has it, with URIs instead of URLs. */
void page_render_2010(struct operation *op, const char *key, page_writer *write_one,
                      struct buf *out);

#endif
