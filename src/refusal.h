/* Requests that come when there are too many connections (http/places.h). */
#ifndef REFUSAL_H
#define REFUSAL_H

#include "http/server.h"
#include "rest/rest.h"

/* Is it to be refused, whatever else it asks? What tells of the server's health never is. The same
 * at each call for one request. */
bool refusal_is_due(const struct http_request *request);

/* From http_handler.begin: come later. */
void refusal_send(struct http_request *request, const struct rest_options *options);

/* Say why what came is no request. */
void refusal_send_fault(struct http_request *request, enum http_fault fault,
                        const struct rest_options *options);

#endif
