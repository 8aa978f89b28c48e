/* A doubly linked ring through its elements: `struct ring` stands in the element, and once
 * alone as the ring's head. An element that is in no ring points at itself. */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring {
    struct ring *next;
    struct ring *prev;
};

#define ring_of(node, type, member) ((type *)((char *)(node)-offsetof(type, member)))

static inline void ring_init(struct ring *node)
{
    node->next = node->prev = node;
}

static inline bool ring_is_empty(const struct ring *head)
{
    return head->next == head;
}

static inline void ring_remove(struct ring *node)
{
    node->next->prev = node->prev;
    node->prev->next = node->next;
    ring_init(node);
}

/* `node`, which is in no ring, becomes the last one before `head`. */
static inline void ring_append(struct ring *head, struct ring *node)
{
    node->next = head;
    node->prev = head->prev;
    head->prev->next = node;
    head->prev = node;
}

/* All elements of `from` become those of `to`, which has none. */
static inline void ring_move(struct ring *to, struct ring *from)
{
    if (ring_is_empty(from))
        return;
    *to = *from;
    to->next->prev = to->prev->next = to;
    ring_init(from);
}

#endif
