#include "dialect/dates.h"

void dates_add(const struct change *head, void (*add_date)(struct buf *buf, int64_t ms),
               struct buf *out)
{
    buf_add_lit(out, ",\"date_expires\":");
    if (head->expires_ms)
        add_date(out, head->expires_ms);
    else
        buf_add_lit(out, "null");
    buf_add_lit(out, ",\"date_created\":");
    add_date(out, head->created_ms);
    buf_add_lit(out, ",\"date_updated\":");
    add_date(out, head->updated_ms);
    buf_add_lit(out, ",\"created_by\":");
    buf_add_json(out, head->creator);
}
