/* The cursor: where a terminal stands in the listing of its scope, opaque to it (DESIGN section 5,
 * point 5).
 *
 * It names the database's incarnation and the holder's scope version; if either is another, or the
 * cursor is not one this server gave to this device, the listing begins anew. */
#ifndef JC_SYNC_CURSOR_H
#define JC_SYNC_CURSOR_H

#include "sync/sync.h"

/* A first listing goes through the kinds in this order, each by its key; then come the changes. */
enum jc_section {
    JC_SECTION_AGENCY,
    JC_SECTION_TEAMS,
    JC_SECTION_INSPECTORS,
    JC_SECTION_CHECKLISTS,
    JC_SECTION_UNITS,
    JC_SECTION_TASKS,
    JC_SECTION_ORDERS,
    JC_SECTION_OUTCOMES,
    JC_SECTION_CHANGES,
};

struct jc_cursor {
    enum jc_section section;
    int64_t seq;         /* changes up to this one are known, or will come with the listing */
    struct jc_str after; /* key of the last entity sent of the section; empty: none */
};

/* False if the listing must begin anew. `after` is a view of `bytes`. */
bool jc_cursor_read(struct jc_str bytes, const struct jc_sync_caller *caller, const uint8_t incarnation[16],
                    struct jc_cursor *out);
/* The arena's; ptr NULL without memory. */
struct jc_str jc_cursor_write(const struct jc_cursor *cursor, const struct jc_sync_caller *caller,
                              const uint8_t incarnation[16], struct jc_arena *arena);

#endif
