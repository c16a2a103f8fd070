/* The people of a simulation: planners beside the server, inspectors with their terminals, and bad luck.
 *
 * Each step one of them does something that the state of things allows; then some time goes by. */
#ifndef JC_SIM_PEOPLE_H
#define JC_SIM_PEOPLE_H

#include "sim/sim_check.h"

enum { SIM_TERMINALS = 4 };

struct sim_story {
    struct sim_world world;
    struct sim_server server;
    struct sim_net net;
    struct sim_judge judge;
    struct sim_terminal terminals[SIM_TERMINALS];
    int terminal_count;
    int64_t records, orders, rechecks, others; /* done, for the summary */
    int64_t acts;                              /* of planners */
    int64_t sticks, shares, given;
    int64_t photos, fetched; /* sent, and taken from the server */
    bool calm;               /* all faults have stopped */
};

struct sim_plan {
    uint64_t seed;
    int steps;
    enum sim_bug bug;
    bool tells;
    int64_t server_dies_at, terminal_dies_at; /* a write of the server, of the first terminal; 0: as luck has it */
};
/* Makes the world of a seed with all who live in it, tells the steps of the story, lets all faults stop, and judges.
 * story->world says whether it failed, and the hash of its trace. */
void sim_story_tell(struct sim_story *story, const struct sim_plan *plan);
/* Frees what sim_story_tell left. */
void sim_story_free(struct sim_story *story);

/* One step of an inspector, of a planner (sim_office.c). */
void sim_inspector_acts(struct sim_story *story, struct sim_terminal *terminal);
void sim_planner_acts(struct sim_story *story);
/* Unsent work goes to the office as a file, and its receipt back. The terminal is idle, or nothing happens. */
void sim_stick_carried(struct sim_story *story, struct sim_terminal *terminal);
/* Unfinished work of a task goes to a colleague's terminal. Both are idle, or nothing happens. */
void sim_stick_handed_over(struct sim_story *story, struct sim_terminal *from, struct sim_terminal *to);
/* A task that the terminal shows open, by chance; NULL if there is none. The arena's. */
Jc__Task *sim_inspector_task(struct sim_story *story, struct sim_terminal *terminal, bool recheck);
/* An invitation for the inspector who holds the terminal; false if the server is down. */
bool sim_planner_invites(struct sim_story *story, struct sim_terminal *terminal);

#endif
