#include "base/err.h"

#include <stdio.h>
#include <string.h>

void why_set(struct why *why, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
}

void why_prefix(struct why *why, const char *format, ...)
{
    struct why inner = *why;
    va_list args;
    va_start(args, format);
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    size_t used = strlen(why->text), room = sizeof why->text - used - 1;
    strncat(why->text, ": ", room);
    strncat(why->text, inner.text, room > 2 ? room - 2 : 0);
}
