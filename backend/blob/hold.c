/* A list of what is held, short because a server takes few uploads at a time, and a lock in each hold. The
 * list's lock is taken before a hold's, never the other way round. */
#include "blob/hold.h"

#include "base/arena.h"

/* Bytes that were not to be kept and that a failing disk would not take back: cut before anybody hears of them. */
struct debt {
    struct jc_upload_id id;
    int64_t sure_bytes;
    struct debt *next;
};

struct jc_holds {
    struct jc_blob_folder *folder;
    pthread_mutex_t lock;
    struct jc_hold *first;
    struct debt *debts;
};

struct jc_holds *jc_holds_new(struct jc_blob_folder *folder) {
    struct jc_holds *holds = jc_calloc(1, sizeof *holds);
    if (!holds)
        return NULL;
    holds->folder = folder;
    pthread_mutex_init(&holds->lock, NULL);
    return holds;
}

void jc_holds_free(struct jc_holds *holds) {
    if (!holds)
        return;
    while (holds->debts) {
        struct debt *debt = holds->debts;
        holds->debts = debt->next;
        jc_free(debt);
    }
    pthread_mutex_destroy(&holds->lock);
    jc_free(holds);
}

static enum jc_code fail_taken(struct jc_err *err) {
    return jc_fail(err, JC_ABORTED, JC_MSG_UPLOAD_TAKEN);
}

/* The link that points to the hold of this upload, or the end of the list. */
static struct jc_hold **find(struct jc_holds *holds, struct jc_upload_id id) {
    struct jc_hold **link = &holds->first;
    while (*link && !jc_str_eq(jc_str((*link)->id.text), jc_str(id.text)))
        link = &(*link)->next;
    return link;
}

/* What was not to be kept goes, the beginning of a piece that did not fit on the disk included. */
static enum jc_code take_back(struct jc_hold *hold, struct jc_err *err) {
    if (hold->sure_bytes < 0 || hold->sure_bytes == INT64_MAX)
        return JC_OK;
    return jc_blob_incoming_cut(hold->holds->folder, hold->id, hold->sure_bytes, err);
}

/* Takes it from whoever has it; under the list's lock. */
static enum jc_code oust(struct jc_hold **link, struct jc_err *err) {
    struct jc_hold *other = *link;
    enum jc_code code = JC_OK;
    pthread_mutex_lock(&other->lock);
    if (other->closing) {
        code = fail_taken(err);
    } else {
        code = take_back(other, err);
        other->lost = !code;
    }
    pthread_mutex_unlock(&other->lock);
    if (!code)
        *link = other->next;
    return code;
}

/* Remembers what could not be cut; without memory for that the upload begins anew. Under the list's lock. */
static void owe(struct jc_holds *holds, const struct jc_hold *hold) {
    struct jc_err ignored = {0};
    struct debt *debt = jc_malloc(sizeof *debt);
    if (debt) {
        *debt = (struct debt){hold->id, hold->sure_bytes, holds->debts};
        holds->debts = debt;
    } else {
        (void)jc_blob_incoming_drop(holds->folder, hold->id, &ignored);
    }
}

/* Cuts what is owed of this upload; under the list's lock. */
static enum jc_code settle_debt(struct jc_holds *holds, struct jc_upload_id id, struct jc_err *err) {
    struct debt **link = &holds->debts;
    enum jc_code code = JC_OK;
    while (!code && *link) {
        struct debt *debt = *link;
        if (!jc_str_eq(jc_str(debt->id.text), jc_str(id.text))) {
            link = &debt->next;
            continue;
        }
        struct jc_err why = {0};
        code = jc_blob_incoming_cut(holds->folder, id, debt->sure_bytes, &why);
        if (code == JC_NOT_FOUND) /* the upload has been given up */
            code = JC_OK;
        if (code)
            jc_err_copy(err, &why);
        if (!code) {
            *link = debt->next;
            jc_free(debt);
        }
    }
    return code;
}

enum jc_code jc_hold_take(struct jc_holds *holds, struct jc_upload_id id, bool all_or_nothing, struct jc_hold *hold,
                          struct jc_err *err) {
    int64_t size = -1;
    pthread_mutex_lock(&holds->lock);
    struct jc_hold **link = find(holds, id);
    enum jc_code code = *link ? oust(link, err) : JC_OK;
    if (!code)
        code = settle_debt(holds, id, err);
    if (!code)
        code = jc_blob_incoming_size(holds->folder, id, &size, err);
    if (!code) {
        *hold = (struct jc_hold){.holds = holds,
                                 .id = id,
                                 .size_bytes = size,
                                 .sure_bytes = all_or_nothing ? size : INT64_MAX,
                                 .next = holds->first};
        pthread_mutex_init(&hold->lock, NULL);
        holds->first = hold;
    }
    pthread_mutex_unlock(&holds->lock);
    return code;
}

enum jc_code jc_hold_write(struct jc_hold *hold, struct jc_str bytes, struct jc_err *err) {
    pthread_mutex_lock(&hold->lock);
    enum jc_code code = hold->lost ? fail_taken(err) : JC_OK;
    if (!code)
        code = jc_blob_incoming_write(hold->holds->folder, hold->id, hold->size_bytes, bytes, err);
    if (!code)
        hold->size_bytes += (int64_t)bytes.len;
    pthread_mutex_unlock(&hold->lock);
    return code;
}

static enum jc_code settle(struct jc_hold *hold, bool closing, struct jc_err *err) {
    pthread_mutex_lock(&hold->lock);
    enum jc_code code = hold->lost ? fail_taken(err) : JC_OK;
    if (!code) {
        hold->sure_bytes = hold->size_bytes;
        hold->closing = closing;
    }
    pthread_mutex_unlock(&hold->lock);
    return code;
}

enum jc_code jc_hold_keep(struct jc_hold *hold, struct jc_err *err) {
    return settle(hold, false, err);
}

enum jc_code jc_hold_close(struct jc_hold *hold, struct jc_err *err) {
    return settle(hold, true, err);
}

void jc_hold_revoke(struct jc_hold *hold, int64_t size_bytes) {
    pthread_mutex_lock(&hold->lock);
    if (!hold->lost)
        hold->sure_bytes = size_bytes;
    pthread_mutex_unlock(&hold->lock);
}

void jc_hold_give(struct jc_hold *hold) {
    struct jc_holds *holds = hold->holds;
    struct jc_err ignored = {0};
    pthread_mutex_lock(&holds->lock);
    struct jc_hold **link = find(holds, hold->id);
    if (*link == hold) {
        enum jc_code code = take_back(hold, &ignored);
        if (code && code != JC_NOT_FOUND) /* the file may have become the blob's */
            owe(holds, hold);
        *link = hold->next;
    }
    pthread_mutex_unlock(&holds->lock);
    pthread_mutex_destroy(&hold->lock);
}
