/* Unique names: 1..320 code points of UTF-8 that do not look like a SID. */
#ifndef SYNC_NAME_H
#define SYNC_NAME_H

#include "base/err.h"
#include "base/str.h"

/* ERR_NAME_INVALID. */
must_check enum err name_check(struct str name);

#endif
