#include "sim/shelf.h"

#include "base/mem.h"
#include "sync/listing.h"

#include <assert.h>

struct shelf_scene shelf_scenes[] = {
    {SIM_FAKE, KIND_DOCUMENT, false},  {SIM_SQLITE, KIND_DOCUMENT, false},
    {SIM_FAKE, KIND_LIST_ITEM, false}, {SIM_SQLITE, KIND_LIST_ITEM, false},
    {SIM_FAKE, KIND_MAP_ITEM, false},  {SIM_SQLITE, KIND_MAP_ITEM, false},
    {SIM_FAKE, KIND_MAP_ITEM, true},   {SIM_SQLITE, KIND_MAP_ITEM, true},
};

int shelf_begin(void **state)
{
    struct shelf *shelf = mem_zalloc(1, sizeof *shelf);
    shelf->scene = *state;
    sim_init(&shelf->sim, shelf->scene->store, 1);
    sim_do(&shelf->sim, sim_of(KIND_LIST, sim_create("box", NULL)));
    sim_do(&shelf->sim, sim_of(KIND_MAP, sim_create("box", NULL)));
    *state = shelf;
    return 0;
}

const char *shelf_name(struct shelf *shelf, char letter)
{
    if (shelf->scene->kind == KIND_LIST_ITEM)
        return shelf->indexes[(int)letter];
    return sim_name(&shelf->sim, "%c", shelf->scene->descending ? 'a' + 'z' - letter : letter);
}

struct command shelf_about(struct shelf *shelf, enum verb verb, char letter)
{
    if (shelf->scene->kind == KIND_MAP_ITEM)
        return sim_map_item(verb, "box", shelf_name(shelf, letter));
    if (shelf->scene->kind == KIND_LIST_ITEM)
        return sim_list_item(verb, "box", verb == VERB_CREATE ? NULL : shelf_name(shelf, letter));
    struct command command = sim_fetch(shelf_name(shelf, letter));
    command.verb = verb;
    if (verb == VERB_CREATE)
        command.name = command.object;
    return command;
}

static struct asked *do_well(struct shelf *shelf, struct command command)
{
    struct asked *asked = sim_do(&shelf->sim, command);
    assert(asked->command.err == OK);
    return asked;
}

void shelf_make_for(struct shelf *shelf, char letter, int64_t ttl_s)
{
    struct command command = shelf_about(shelf, VERB_CREATE, letter);
    command = sim_with_data(command, sim_name(&shelf->sim, "{\"n\":\"%c\"}", letter));
    struct asked *asked = do_well(shelf, sim_with_ttl(command, ttl_s));
    if (shelf->scene->kind == KIND_LIST_ITEM)
        shelf->indexes[(int)letter] =
            sim_name(&shelf->sim, "%.*s", STR_ARG(asked->command.head->name));
}

void shelf_make(struct shelf *shelf, char letter)
{
    shelf_make_for(shelf, letter, 0);
}

void shelf_make_all(struct shelf *shelf, const char *letters)
{
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++)
        shelf_make(shelf, letters[shelf->scene->kind == KIND_MAP_ITEM ? count - 1 - i : i]);
}

void shelf_drop(struct shelf *shelf, char letter)
{
    do_well(shelf, shelf_about(shelf, VERB_REMOVE, letter));
}

void shelf_drop_all(struct shelf *shelf, const char *letters)
{
    for (; *letters; letters++)
        shelf_drop(shelf, *letters);
}

struct command shelf_whole(struct shelf *shelf)
{
    struct command command = shelf_about(shelf, VERB_LIST, 'a');
    command.object = (struct str){0};
    command.page.size = SHELF_PAGE_SIZE;
    command.page.descending = shelf->scene->descending;
    return command;
}

struct command shelf_from(struct shelf *shelf, char letter, bool excluded)
{
    struct command command = shelf_whole(shelf);
    command.page.from = str_from(shelf_name(shelf, letter));
    command.page.from_excluded = excluded;
    return command;
}

const struct command *shelf_ask(struct shelf *shelf, struct command command)
{
    return &do_well(shelf, command)->command;
}

const struct command *shelf_list(struct shelf *shelf)
{
    return shelf_ask(shelf, shelf_whole(shelf));
}

static const struct command *turn(struct shelf *shelf, const struct command *page, bool back)
{
    struct command command = shelf_whole(shelf);
    size_t count = page->heads_count;
    command.page = page->page;
    command.page.back = back;
    command.page.place_included = !count && !page->page.place_included;
    if (count)
        command.page.place = listing_place(page->heads[back ? 0 : count - 1], &shelf->sim.arena);
    return shelf_ask(shelf, command);
}

const struct command *shelf_next(struct shelf *shelf, const struct command *page)
{
    return turn(shelf, page, false);
}

const struct command *shelf_previous(struct shelf *shelf, const struct command *page)
{
    return turn(shelf, page, true);
}

char shelf_letter(const struct change *head)
{
    return head->data.ptr[strlen("{\"n\":\"")];
}

const char *shelf_shows(struct shelf *shelf, const struct command *page)
{
    char *text = arena_alloc(&shelf->sim.arena, page->heads_count + 3), *at = text;
    if (page->more_before)
        *at++ = '<';
    for (size_t i = 0; i < page->heads_count; i++)
        *at++ = shelf_letter(page->heads[i]);
    if (page->more_after)
        *at++ = '>';
    *at = 0;
    return text;
}
