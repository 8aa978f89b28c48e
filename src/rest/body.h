/* What the bodies of several resources have in common. */
#ifndef REST_BODY_H
#define REST_BODY_H

#include "rest/operation.h"

/* Where a document, list, map or stream is. */
struct body_address {
    struct sid service;
    struct sid sid;
    struct str url; /* in the request's arena; it needs no escapes in JSON */
};

/* Of `object`, in the service that the command found. */
struct body_address body_address(const struct operation *op, const struct change *object);

/* The same of a service. */
struct str body_service_url(const struct operation *op, const struct change *service);

/* "account_sid":"...","service_sid":"..." */
void body_add_owners(const struct operation *op, const struct body_address *address,
                     struct buf *out);

/* ,"KEY":true */
void body_add_bool(struct buf *out, const char *key, bool value);

#endif
