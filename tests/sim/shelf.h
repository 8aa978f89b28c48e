/* Objects to page through, in a simulated world: documents, or the items of a list or map.
 *
 * Letters a, b, c, ... stand for them, in the order of their list, and each has its letter as
 * data: {"n":"a"}. A document's name is its letter, in the order of their creation; so is a map
 * item's key, but z, y, x, ... for a, b, c, ... when the list descends. */
#ifndef SHELF_H
#define SHELF_H

#include "sim/fixture.h"

enum { SHELF_PAGE_SIZE = 3 };

struct shelf_scene {
    enum sim_kind store;
    enum kind kind;
    bool descending;
};

struct shelf {
    struct sim sim; /* first: fixture_end knows no more */
    const struct shelf_scene *scene;
    const char *indexes['z' + 1]; /* of the last list item of each letter */
};

int shelf_begin(void **state);

/* The name that a letter's object has, or would have. */
const char *shelf_name(struct shelf *shelf, char letter);
struct command shelf_about(struct shelf *shelf, enum verb verb, char letter);

/* Make one, for ever or for some time. */
void shelf_make(struct shelf *shelf, char letter);
void shelf_make_for(struct shelf *shelf, char letter, int64_t ttl_s);

/* Several; where names decide, the order of their creation is another one. */
void shelf_make_all(struct shelf *shelf, const char *letters);
void shelf_drop(struct shelf *shelf, char letter);
void shelf_drop_all(struct shelf *shelf, const char *letters);

/* The command for the first page of all, or of the list that begins at a letter or behind it. */
struct command shelf_whole(struct shelf *shelf);
struct command shelf_from(struct shelf *shelf, char letter, bool excluded);

/* A page that is answered. */
const struct command *shelf_ask(struct shelf *shelf, struct command command);
const struct command *shelf_list(struct shelf *shelf);

/* The page beside another, as a client follows next_page_url and previous_page_url: see
 * rest/page.c. */
const struct command *shelf_next(struct shelf *shelf, const struct command *page);
const struct command *shelf_previous(struct shelf *shelf, const struct command *page);

char shelf_letter(const struct change *head);

/* The page's letters; a < before and a > behind say that there are more. */
const char *shelf_shows(struct shelf *shelf, const struct command *page);

/* A test once in each scene. */
extern struct shelf_scene shelf_scenes[];

#define SHELF_IN_SCENE(test, where, scene)                                                         \
    {                                                                                              \
#test " (" where ")", test, shelf_begin, fixture_end, &shelf_scenes[scene]                 \
    }

#define SHELF_IN_EACH_OF_ITEMS(test)                                                               \
    SHELF_IN_SCENE(test, "list, fake", 2), SHELF_IN_SCENE(test, "list, sqlite", 3),                \
        SHELF_IN_SCENE(test, "map, fake", 4), SHELF_IN_SCENE(test, "map, sqlite", 5),              \
        SHELF_IN_SCENE(test, "map descending, fake", 6),                                           \
        SHELF_IN_SCENE(test, "map descending, sqlite", 7)

#define SHELF_IN_EACH(test)                                                                        \
    SHELF_IN_SCENE(test, "documents, fake", 0), SHELF_IN_SCENE(test, "documents, sqlite", 1),      \
        SHELF_IN_EACH_OF_ITEMS(test)

#endif
