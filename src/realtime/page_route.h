/* Pages of items. Clients page by `From`, the name of an item, or by tokens; a token
 * that is missing tells them that the collection begins or ends on this page. */
#ifndef REALTIME_PAGE_ROUTE_H
#define REALTIME_PAGE_ROUTE_H

#include "realtime/request.h"

/* Key or Index (at most one item); else PageToken; else From, Order, Bounds; and PageSize, of which
 * at most PAGE_SIZE_MAX come.
 * ERR_PAGE_SIZE, ERR_PAGE_TOKEN, ERR_ORDER, ERR_BOUNDS, ERR_INDEX, ERR_KEY. */
must_check enum err page_route_prepare(struct request *request);

/* {"items":[...],"meta":{...}} */
void page_route_render(struct request *request, struct buf *out);

/* Only the array. */
void page_route_render_items(struct request *request, struct buf *out);

#endif
