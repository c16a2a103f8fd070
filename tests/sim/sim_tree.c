/* Nodes live until the tree is freed or settled: what nobody names any more may still be open. */
#include "sim/sim_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- names --------------------------------------------------------------------------------------------------------- */

static struct sim_entry *find(const struct sim_entries *entries, const char *name) {
    for (size_t i = 0; i < entries->count; i++) {
        if (strcmp(entries->items[i].name, name) == 0)
            return &entries->items[i];
    }
    return NULL;
}

static void set(struct sim_entries *entries, const char *name, struct sim_node *node) {
    struct sim_entry *entry = find(entries, name);
    if (!entry) {
        if (entries->count == entries->capacity) {
            entries->capacity = entries->capacity ? 2 * entries->capacity : 16;
            entries->items = sim_alloc(entries->items, entries->capacity * sizeof *entries->items);
        }
        entry = &entries->items[entries->count++];
        snprintf(entry->name, sizeof entry->name, "%s", name);
    }
    entry->node = node;
}

static void clear(struct sim_entries *entries, const char *name) {
    struct sim_entry *entry = find(entries, name);
    if (entry)
        *entry = entries->items[--entries->count];
}

static void copy_entries(struct sim_entries *to, const struct sim_entries *from) {
    to->count = 0;
    for (size_t i = 0; i < from->count; i++)
        set(to, from->items[i].name, from->items[i].node);
}

/* --- nodes ---------------------------------------------------------------------------------------------------------- */

static struct sim_node *make_node(struct sim_tree *tree, bool folder) {
    struct sim_node *node = sim_alloc(NULL, sizeof *node);
    *node = (struct sim_node){.next = tree->nodes, .folder = folder};
    tree->nodes = node;
    return node;
}

static void free_node(struct sim_node *node) {
    sim_bytes_free(&node->bytes);
    free(node->now.items);
    free(node->durable.items);
    free(node);
}

void sim_tree_free(struct sim_tree *tree) {
    while (tree->nodes) {
        struct sim_node *node = tree->nodes;
        tree->nodes = node->next;
        free_node(node);
    }
    free(tree->moves);
    *tree = (struct sim_tree){.root = NULL};
}

struct sim_node *sim_tree_root(struct sim_tree *tree) {
    if (!tree->root)
        tree->root = make_node(tree, true);
    return tree->root;
}

struct sim_node *sim_tree_folder_of(struct sim_node *from, const char *path, const char **name) {
    struct sim_node *folder = from;
    for (const char *slash; folder && (slash = strchr(path, '/')); path = slash + 1) {
        char part[SIM_ENTRY_NAME];
        snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
        const struct sim_entry *entry = find(&folder->now, part);
        if (*part)
            folder = entry && entry->node->folder ? entry->node : NULL;
    }
    *name = path;
    return folder;
}

struct sim_node *sim_tree_find(struct sim_node *from, const char *path) {
    const char *name;
    struct sim_node *folder = sim_tree_folder_of(from, path, &name);
    if (!folder || !*name || strcmp(name, ".") == 0)
        return folder;
    const struct sim_entry *entry = find(&folder->now, name);
    return entry ? entry->node : NULL;
}

/* --- changes ---------------------------------------------------------------------------------------------------------- */

static struct sim_move *note(struct sim_tree *tree, struct sim_node *node) {
    if (tree->move_count == tree->move_capacity) {
        tree->move_capacity = tree->move_capacity ? 2 * tree->move_capacity : 16;
        tree->moves = sim_alloc(tree->moves, tree->move_capacity * sizeof *tree->moves);
    }
    struct sim_move *move = &tree->moves[tree->move_count++];
    *move = (struct sim_move){.node = node};
    return move;
}

static void take_name(struct sim_move *move, struct sim_node *folder, const char *name) {
    move->from = folder;
    snprintf(move->from_name, sizeof move->from_name, "%s", name);
    clear(&folder->now, name);
}

static void give_name(struct sim_move *move, struct sim_node *folder, const char *name) {
    move->to = folder;
    snprintf(move->to_name, sizeof move->to_name, "%s", name);
    set(&folder->now, name, move->node);
}

struct sim_node *sim_tree_make(struct sim_tree *tree, struct sim_node *folder, const char *name, bool is_folder) {
    struct sim_node *node = make_node(tree, is_folder);
    give_name(note(tree, node), folder, name);
    return node;
}

void sim_tree_remove(struct sim_tree *tree, struct sim_node *folder, const char *name) {
    take_name(note(tree, NULL), folder, name);
}

void sim_tree_move(struct sim_tree *tree, struct sim_node *from, const char *from_name, struct sim_node *to,
                   const char *to_name) {
    struct sim_move *move = note(tree, find(&from->now, from_name)->node);
    take_name(move, from, from_name);
    give_name(move, to, to_name);
}

/* --- durable ----------------------------------------------------------------------------------------------------------- */

static bool touches(const struct sim_move *move, const struct sim_node *folder) {
    return move->from == folder || move->to == folder;
}

static bool share_a_folder(const struct sim_move *a, const struct sim_move *b) {
    return (b->from && touches(a, b->from)) || (b->to && touches(a, b->to));
}

/* Keeps what is marked and whatever came before it in the folders it touches; forgets that, or all. */
static void keep_moves(struct sim_tree *tree, bool forget_all) {
    size_t left = 0;
    for (size_t i = tree->move_count; i-- > 0;) {
        struct sim_move *move = &tree->moves[i];
        for (size_t k = i + 1; !move->kept && k < tree->move_count; k++) {
            move->kept = tree->moves[k].kept && share_a_folder(move, &tree->moves[k]);
        }
    }
    for (size_t i = 0; i < tree->move_count; i++) {
        struct sim_move *move = &tree->moves[i];
        if (move->kept && move->from)
            clear(&move->from->durable, move->from_name);
        if (move->kept && move->to)
            set(&move->to->durable, move->to_name, move->node);
        if (!move->kept && !forget_all)
            tree->moves[left++] = *move;
    }
    tree->move_count = left;
}

void sim_tree_sync(struct sim_tree *tree, struct sim_node *node) {
    if (!node->folder) {
        sim_bytes_sync(&node->bytes);
        return;
    }
    for (size_t i = 0; i < tree->move_count; i++)
        tree->moves[i].kept = touches(&tree->moves[i], node);
    keep_moves(tree, false);
}

void sim_tree_sync_all(struct sim_tree *tree) {
    for (size_t i = 0; i < tree->move_count; i++)
        tree->moves[i].kept = true;
    keep_moves(tree, true);
    for (struct sim_node *node = tree->nodes; node; node = node->next)
        sim_bytes_sync(&node->bytes);
}

int64_t sim_tree_used(const struct sim_tree *tree) {
    int64_t used = 0;
    for (const struct sim_node *node = tree->nodes; node; node = node->next)
        used += node->bytes.size;
    return used;
}

/* Copies what can be reached; `durable` of the copy is its `now`. */
static struct sim_node *copy_node(struct sim_tree *to, const struct sim_node *from) {
    struct sim_node *node = make_node(to, from->folder);
    node->changed_ms = from->changed_ms;
    sim_bytes_copy(&node->bytes, &from->bytes);
    for (size_t i = 0; i < from->now.count; i++)
        set(&node->now, from->now.items[i].name, copy_node(to, from->now.items[i].node));
    copy_entries(&node->durable, &node->now);
    return node;
}

void sim_tree_copy(struct sim_tree *to, const struct sim_tree *from) {
    sim_tree_free(to);
    if (from->root)
        to->root = copy_node(to, from->root);
}

void sim_tree_settle(struct sim_tree *tree, struct sim_random *random, bool power) {
    struct sim_tree left = {.root = NULL};
    for (size_t i = 0; i < tree->move_count; i++)
        tree->moves[i].kept = !power || sim_chance(random, 500);
    keep_moves(tree, true);
    for (struct sim_node *node = tree->nodes; node; node = node->next) {
        sim_bytes_settle(&node->bytes, random, power);
        copy_entries(&node->now, &node->durable);
    }
    sim_tree_copy(&left, tree); /* without what nobody names */
    sim_tree_free(tree);
    *tree = left;
}
