/* Where the objects of a kind are in the paths of both APIs. */
#ifndef DIALECT_SEGMENT_H
#define DIALECT_SEGMENT_H

#include "base/str.h"
#include "store/change.h"

/* "Documents", "Lists", "Maps" or "Streams"; static. */
struct str segment_of(enum kind kind);

#endif
