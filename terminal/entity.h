/* What the server told this terminal: tasks, units, checklists, persons, orders, teams, the agency.
 *
 * An entity is its newest message, whole, under (kind, id). A document keeps copies of those it is made
 * from (`source`), so it reads the same after the register has changed or left. Internal to terminal/. */
#ifndef JC_TERMINAL_ENTITY_H
#define JC_TERMINAL_ENTITY_H

#include "terminal/store.h"

/* The message type of a kind; NULL for kinds this program does not know. */
const ProtobufCMessageDescriptor *jc_terminal_entity_type(int kind);

/* The entity, unpacked; *out is NULL if it is not here. */
enum jc_code jc_terminal_entity_get(struct jc_tx *tx, Jc__EntityKind kind, struct jc_str id, struct jc_arena *arena,
                                    ProtobufCMessage **out, struct jc_err *err);

struct jc_terminal_entities {
    ProtobufCMessage **items;
    size_t count, capacity;
};
/* All of a kind, by id. */
enum jc_code jc_terminal_entity_list(struct jc_tx *tx, Jc__EntityKind kind, struct jc_arena *arena,
                                     struct jc_terminal_entities *out, struct jc_err *err);

/* Keeps the entity as it is now for the document `subject`; nothing happens if it is not here. */
enum jc_code jc_terminal_source_keep(struct jc_tx *tx, struct jc_uuid subject, Jc__EntityKind kind, struct jc_str id,
                                     struct jc_err *err);
/* The entity as it was kept for `subject`, else as it is now; *out is NULL without either. */
enum jc_code jc_terminal_source_get(struct jc_tx *tx, struct jc_uuid subject, Jc__EntityKind kind, struct jc_str id,
                                    struct jc_arena *arena, ProtobufCMessage **out, struct jc_err *err);

#endif
