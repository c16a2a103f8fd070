/* Work begun and not submitted. Internal to terminal/; the public face is jc_terminal_draft_save(). */
#ifndef JC_TERMINAL_DRAFT_H
#define JC_TERMINAL_DRAFT_H

#include "terminal/store.h"

/* One draft; *found is false if there is none. With zeros for `draft_id` the newest of the task. */
enum jc_code jc_terminal_draft_find(struct jc_tx *tx, struct jc_uuid draft_id, struct jc_uuid task_id,
                                    struct jc_arena *arena, struct jc_terminal_saved *out, bool *found,
                                    struct jc_err *err);
/* Stores it whole under its inspection_id, over what was there. */
enum jc_code jc_terminal_draft_put(struct jc_tx *tx, const struct jc_terminal_saved *saved, struct jc_uuid device_id,
                                   struct jc_arena *arena, struct jc_err *err);
/* The record has been made: drafts of it and of its task go. Photo paths stay, they are the record's now. */
enum jc_code jc_terminal_draft_done(struct jc_tx *tx, struct jc_uuid inspection_id, struct jc_uuid task_id,
                                    struct jc_err *err);
/* Drafts of the task are another's now. */
enum jc_code jc_terminal_draft_hand_over(struct jc_tx *tx, struct jc_uuid task_id, struct jc_str inspector_id,
                                         struct jc_err *err);
/* Where the photos of a record or draft lie, over what was there. */
enum jc_code jc_terminal_photos_put(struct jc_tx *tx, struct jc_uuid subject_id, const Jc__Inspection *inspection,
                                    const struct jc_str *paths, struct jc_err *err);

#endif
