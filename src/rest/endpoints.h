/* All paths and methods there are, and who serves them: one table. */
#ifndef REST_ENDPOINTS_H
#define REST_ENDPOINTS_H

#include "rest/operation.h"

/* Fewer than REST_ENDPOINTS_MAX. */
size_t endpoints_count(void);
const struct endpoint *endpoints_get(size_t at);

/* What to call them; number endpoints_count() stands for all paths that are none. */
const char *endpoints_method(size_t at);
const char *endpoints_pattern(size_t at);

#endif
