/* A file in answer to a request for it. */
#ifndef CONSOLE_ASSET_H
#define CONSOLE_ASSET_H

#include "console/files.h"
#include "console/visit.h"

/* Whole, or 304 when the client has it. */
void asset_reply(struct visit *visit, const struct file *file);

#endif
