/* The world of a simulation: one seed, virtual time, what happens next, and what was found wrong.
 *
 * Nothing in it reads the system's time, random numbers or addresses, so a seed is a whole story that can be
 * told again. Chance comes in streams of their own (network, disks, people, keys): a network that loses one
 * message less does not change what people do. */
#ifndef JC_SIM_WORLD_H
#define JC_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};
uint64_t sim_next(struct sim_random *random);
/* 0 to n - 1; 0 for n < 1. */
int64_t sim_below(struct sim_random *random, int64_t n);
/* True in `permille` of 1,000 cases. */
bool sim_chance(struct sim_random *random, int permille);

/* Deliberate bugs (JC_SIM_BUG), each by a wrapper of the simulator around sound code; docs/TESTING.md. */
enum sim_bug {
    SIM_BUG_NONE,
    SIM_BUG_ANSWER_FIRST,  /* the server answers before the commit */
    SIM_BUG_NO_SYNC,       /* the server's disk says "synced" and has not */
    SIM_BUG_TERMINAL_SYNC, /* the terminals' disks do */
    SIM_BUG_CURSOR,        /* a cursor one change too far */
    SIM_BUG_OTHER_RESULT,  /* a repeat gets another result than the first time */
    SIM_BUG_DEPARTURE,     /* departures are forgotten */
    SIM_BUG_NUMBER_TWICE,  /* two terminals are given the same block of numbers */
    SIM_BUG_LOST_ROW,      /* a row vanishes that a receipt named */
    SIM_BUG_SENT_UNHEARD,  /* a terminal takes a cut answer for a receipt */
    SIM_BUG_REVOKED,       /* a revoked terminal is served */
    SIM_BUG_ALTERED,       /* the content of a row is altered behind its receipt */
    SIM_BUG_STUCK,         /* the listing never ends for one terminal */
    SIM_BUG_PHOTO_SYNC,    /* the bytes of a photo are not synced before it gets its name */
    SIM_BUG_PHOTO_UNHEARD, /* a terminal takes a photo for sent whose answer it has not heard */
    SIM_BUGS
};

/* What can go wrong in this seed: a set. */
enum sim_fault {
    SIM_NETWORK = 1,          /* messages are lost, repeated, late, cut */
    SIM_TERMINAL_CRASHES = 2, /* flat batteries and killed programs */
    SIM_SERVER_CRASHES = 4,
    SIM_DISKS = 8,   /* full, and single calls that fail */
    SIM_CLOCKS = 16, /* clocks of terminals are wrong, drift and jump */
    SIM_SCOPES = 32, /* people move, are shut out, terminals are shared */
    SIM_RESTORES = 64,
};

enum { SIM_FAILURE_TEXT = 512 };

struct sim_event {
    int64_t at_ms;
    uint64_t sequence; /* of events at the same moment the one planned first comes first */
    void (*run)(void *ctx);
    void *ctx;
};

struct sim_world {
    uint64_t seed;
    enum sim_bug bug;
    unsigned faults;
    int64_t now_ms; /* Unix time of the world */
    int step;
    struct sim_random network, disks, people, keys, crashes;
    struct sim_event *events; /* a heap */
    size_t event_count, event_capacity;
    uint64_t sequence;
    bool tells;    /* prints the trace */
    uint64_t hash; /* FNV-1a of the trace */
    bool failed;   /* an invariant does not hold: the first one found */
    int failed_step;
    char failure[SIM_FAILURE_TEXT];
};

/* Everything of the seed but who lives there. */
void sim_world_init(struct sim_world *world, uint64_t seed);
void sim_world_free(struct sim_world *world);
void sim_after(struct sim_world *world, int64_t delay_ms, void (*run)(void *ctx), void *ctx);
/* Runs what is due up to that moment, which then is now; stops early once something failed. */
void sim_run_until(struct sim_world *world, int64_t at_ms);
/* What happened, as a line of the trace. */
void sim_tell(struct sim_world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* An invariant ("I1") does not hold. */
void sim_fail(struct sim_world *world, const char *invariant, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Memory of the simulator; the program ends without. */
void *sim_alloc(void *old, size_t size);

#endif
