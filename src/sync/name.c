#include "sync/name.h"

#include "base/utf8.h"
#include "sync/limits.h"
#include "sync/sid.h"

enum err name_check(struct str name)
{
    if (name.len == 0 || !utf8_is_valid(name) || utf8_length(name) > NAME_LENGTH_MAX ||
        sid_is_shaped(name))
        return ERR_NAME_INVALID;
    return OK;
}
