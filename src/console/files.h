/* The files that are compiled into the program; embed.py makes the table. */
#ifndef CONSOLE_FILES_H
#define CONSOLE_FILES_H

#include "base/str.h"

struct file {
    struct str path; /* as it is asked for */
    const char *type;
    struct str tag;   /* a hash of the content */
    struct str plain; /* the content */
    struct str gzip;  /* absent: not smaller */
};

/* In the order of their paths, byte by byte. */
extern const struct file files_table[];
extern const size_t files_count;

/* NULL: none of that path. */
const struct file *files_find(struct str path);

#endif
