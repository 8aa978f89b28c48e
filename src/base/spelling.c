#include "base/spelling.h"

#include <stddef.h>

enum { LETTERS_MAX = 64 };

struct letters {
    char at[LETTERS_MAX];
    size_t count;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* False: it is longer than any name of ours. */
static bool read(struct str text, struct letters *letters)
{
    letters->count = 0;
    if (text.len > LETTERS_MAX)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] != '_' && text.ptr[i] != '-')
            letters->at[letters->count++] = lower(text.ptr[i]);
    return true;
}

static bool same_from(const struct letters *a, size_t i, const struct letters *b, size_t j)
{
    while (i < a->count && j < b->count && a->at[i] == b->at[j])
        i++, j++;
    return i == a->count && j == b->count;
}

static bool swapped(const struct letters *a, const struct letters *b, size_t at)
{
    return at + 1 < a->count && at + 1 < b->count && a->at[at] == b->at[at + 1] &&
           a->at[at + 1] == b->at[at] && same_from(a, at + 2, b, at + 2);
}

/* Whatever the one difference is, what stands behind it is the same. */
static bool differ_once(const struct letters *a, const struct letters *b)
{
    size_t at = 0;
    while (at < a->count && at < b->count && a->at[at] == b->at[at])
        at++;
    if (at == a->count && at == b->count)
        return true;
    bool missing = at < b->count && same_from(a, at, b, at + 1);
    bool surplus = at < a->count && same_from(a, at + 1, b, at);
    bool other = at < a->count && at < b->count && same_from(a, at + 1, b, at + 1);
    return missing || surplus || other || swapped(a, b, at);
}

bool spelling_is_near(struct str a, struct str b)
{
    struct letters ours, theirs;
    return read(a, &ours) && read(b, &theirs) && ours.count > 1 && theirs.count > 1 &&
           differ_once(&ours, &theirs);
}
