/* Pages of objects, by key: stable while others come and go. */
#ifndef SYNC_LISTING_H
#define SYNC_LISTING_H

#include "base/arena.h"
#include "sync/command.h"

struct settled;

/* Where `head` stands in the list of its kind, for page_request.place: bytes that live as `head`
 * or `arena`. */
struct str listing_place(const struct change *head, struct arena *arena);

/* Answer a VERB_LIST: the live objects of the command's kind under command_parent. It shows what
 * is committed; what other commands of the same batch do comes after it.
 * ERR_UNFINISHED: all that was looked at has expired; evaluate it again (command_continue). A page
 * may be shorter than asked for, with `more` behind it.
 * ERR_PAGE_TOKEN: `place` is none, or before `from`. ERR_STORE. */
must_check enum err listing_read(struct settled *settled, struct command *command);

#endif
