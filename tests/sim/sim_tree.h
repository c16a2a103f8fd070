/* Folders and files of a disk beside its databases: photos. Like the bytes of a file, names are there for good only once
 * their folder was synced.
 *
 * When the machine dies each name that was made, moved or removed since is kept or not, by chance; a move is kept whole
 * or not at all, and what a folder kept later than something else in it, it kept behind that. A folder whose own name was
 * lost is lost with all that is in it. */
#ifndef JC_SIM_TREE_H
#define JC_SIM_TREE_H

#include "sim/sim_bytes.h"

enum { SIM_ENTRY_NAME = 80 };

struct sim_entry {
    char name[SIM_ENTRY_NAME];
    struct sim_node *node;
};
struct sim_entries {
    struct sim_entry *items;
    size_t count, capacity;
};

struct sim_node {
    struct sim_node *next; /* of all that ever were on the disk */
    bool folder;
    int64_t changed_ms;
    struct sim_bytes bytes;
    struct sim_entries now, durable;
};

/* A name that was given (`to` set), taken (`from` set), or both. */
struct sim_move {
    struct sim_node *from, *to; /* folders */
    char from_name[SIM_ENTRY_NAME], to_name[SIM_ENTRY_NAME];
    struct sim_node *node;
    bool kept;
};

struct sim_tree {
    struct sim_node *root, *nodes;
    struct sim_move *moves; /* not durable yet, in order */
    size_t move_count, move_capacity;
};

void sim_tree_free(struct sim_tree *tree);
/* The file or folder of a path below `from` ("a/b", "." is `from`); NULL if there is none. */
struct sim_node *sim_tree_find(struct sim_node *from, const char *path);
/* The folder in which the path's last name is or would be, and that name; NULL if there is no such folder. */
struct sim_node *sim_tree_folder_of(struct sim_node *from, const char *path, const char **name);
struct sim_node *sim_tree_root(struct sim_tree *tree);
struct sim_node *sim_tree_make(struct sim_tree *tree, struct sim_node *folder, const char *name, bool is_folder);
void sim_tree_remove(struct sim_tree *tree, struct sim_node *folder, const char *name);
void sim_tree_move(struct sim_tree *tree, struct sim_node *from, const char *from_name, struct sim_node *to,
                   const char *to_name);
/* Bytes of a file, or names of a folder. */
void sim_tree_sync(struct sim_tree *tree, struct sim_node *node);
/* All of it, as if everything had been synced. */
void sim_tree_sync_all(struct sim_tree *tree);
int64_t sim_tree_used(const struct sim_tree *tree);
void sim_tree_settle(struct sim_tree *tree, struct sim_random *random, bool power);
/* Becomes what another is now, all of it durable. */
void sim_tree_copy(struct sim_tree *to, const struct sim_tree *from);

#endif
