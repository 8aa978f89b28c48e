/* The request target of HTTP/1.1 (RFC 9112 section 3.2), split but never decoded. */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include "base/str.h"

/* Split at the first '?'. `path` starts with '/', or is "*"; `query` is without the '?' and
 * absent when there is none. An absolute URL (http or https) loses scheme and authority. Both
 * point into `target`, or to static text.
 *
 * False: it is none of these, or has a control character or a space. */
bool target_split(struct str target, struct str *path, struct str *query);

#endif
