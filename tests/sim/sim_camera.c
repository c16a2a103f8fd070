/* A motif's number says all bytes of it. */
#include "sim/sim_camera.h"

#include <stdio.h>

enum { MOTIFS = 16, PHOTO_MAX = 6000, SIGNATURE_MAX = 400, PER_RECORD = 2 };

/* What is taken is on the card at once. */
static void put(struct sim_terminal *terminal, const char *name, int motif) {
    struct sim_tree *tree = &terminal->disk.tree;
    struct sim_node *root = sim_tree_root(tree), *folder = sim_tree_find(root, "camera");
    struct sim_random random = {(uint64_t)motif};
    uint8_t bytes[PHOTO_MAX];
    int64_t size = 1 + sim_below(&random, motif % 3 ? PHOTO_MAX : SIGNATURE_MAX);
    if (!folder)
        folder = sim_tree_make(tree, root, "camera", true);
    if (sim_tree_find(folder, name))
        return;
    for (int64_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)sim_next(&random);
    struct sim_node *file = sim_tree_make(tree, folder, name, false);
    sim_bytes_write(&file->bytes, 0, bytes, size, false);
    sim_tree_sync(tree, file);
    sim_tree_sync(tree, folder);
    sim_tree_sync(tree, root);
}

static Jc__Photo *take(struct sim_terminal *terminal, int motif, struct jc_arena *arena, struct jc_str *path) {
    Jc__Photo *photo = NULL;
    struct jc_err err;
    char name[16];
    snprintf(name, sizeof name, "%d.jpg", motif);
    put(terminal, name, motif);
    *path = jc_arena_printf(arena, "/%s/camera/%s", terminal->disk.name, name);
    if (jc_terminal_photo(path->ptr, arena, &photo, &err) == JC_OK)
        photo->kind = motif % 3 ? JC__BLOB_KIND__BLOB_KIND_PHOTO : JC__BLOB_KIND__BLOB_KIND_SIGNATURE;
    else if (!terminal->disk.dead)
        sim_fail(terminal->world, "I0", "a photo of T%d cannot be read: %s", terminal->index, err.detail);
    return photo;
}

void sim_camera_add(struct sim_terminal *terminal, struct sim_random *random, struct jc_arena *arena,
                    Jc__Inspection *inspection, const struct jc_str **paths) {
    int count = sim_chance(random, 500) ? 1 + (int)sim_below(random, PER_RECORD) : 0;
    struct jc_str *where = JC_NEW_ARRAY(arena, PER_RECORD, struct jc_str);
    int first = (int)sim_below(random, MOTIFS);
    inspection->photos = JC_NEW_ARRAY(arena, PER_RECORD, Jc__Photo *);
    for (int i = 0; i < count; i++) {
        bool own = sim_chance(random, 500);
        int motif = own ? MOTIFS + (int)sim_below(random, 1 << 20) : (first + i) % MOTIFS;
        Jc__Photo *photo = take(terminal, motif, arena, &where[inspection->n_photos]);
        if (photo)
            inspection->photos[inspection->n_photos++] = photo;
    }
    *paths = inspection->n_photos ? where : NULL;
}
