/* Which characters stand where in HTTP (RFC 9110, section 5; RFC 3986, section 3.2.2). */
#ifndef HTTP_CHARACTERS_H
#define HTTP_CHARACTERS_H

#include "base/str.h"

/* A method or the name of a header: one tchar at least, and nothing else. */
bool characters_are_token(struct str s);

/* What is asked for, in a request line: no blanks, no controls. */
bool characters_are_target(struct str s);

/* The value of a header: visible characters, blanks, tabs, and bytes from 0x80 on. */
bool characters_are_field(struct str s);

/* The value of Host: a name or an address, and perhaps a port. It may be empty. */
bool characters_are_host(struct str s);

/* Is one of the tokens of a list, which commas separate, this one? In any case. */
bool characters_list_has(struct str list, struct str token);

#endif
