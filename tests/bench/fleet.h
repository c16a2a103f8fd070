/* What the programs that load a real server share: a database with terminals in it, and the server's process.
 *
 * These are programs of one run: whatever goes wrong ends them with a sentence and exit status 1. */
#ifndef JC_BENCH_FLEET_H
#define JC_BENCH_FLEET_H

#include <sys/types.h>

#include "auth/token.h"
#include "base/id.h"
#include "base/sign.h"

/* One enrolled terminal; its team of two inspectors is its own. */
struct jc_fleet_terminal {
    struct jc_uuid device_id;
    char token[JC_TOKEN_TEXT];
    char team[16], inspectors[2][16];
    uint8_t secret[JC_SIGN_SECRET_SIZE];
    int place, places; /* among the terminals of the fleet: their blocks of numbers lie in turn */
    int numbers_used;  /* of its records */
};

/* Prints "<program>: what" and ends the program. */
_Noreturn void jc_fleet_stop(const char *what);
/* Never NULL. */
void *jc_fleet_alloc(size_t count, size_t size);
/* The list with room for so many; what was in it stays. */
void *jc_fleet_more(void *list, size_t count, size_t size);
int64_t jc_fleet_now_ns(void); /* monotonic */

/* A new database at `path` with these terminals enrolled, and no unit. */
void jc_fleet_make(const char *path, struct jc_fleet_terminal *const *terminals, int count);
/* Blocks of document numbers for so many records of each terminal, as the server leases them: of 50, in turn. */
void jc_fleet_lease(const char *path, struct jc_fleet_terminal *const *terminals, int count, int64_t records);
/* The next number of its blocks. */
int jc_fleet_next_number(struct jc_fleet_terminal *terminal);
/* Units u0 … u(count-1), as far as they are not there yet, put there behind the feed's back: no terminal hears of them, so that a record can
 * have a unit of its own without every terminal fetching all of them first. The server may be running. */
void jc_fleet_add_units(const char *path, int64_t count);
/* Records that are in the database as if they had come in long ago: operation, inspection and four findings
 * each. Their hashes are random, so the chain does not verify. For a database without operations. */
void jc_fleet_add_history(const char *path, int64_t records);
/* One statement, whose $1 is `value`. The server may be running. */
void jc_fleet_exec(const char *path, const char *sql, int64_t value);
/* Operations that the database holds. */
int64_t jc_fleet_operations(const char *path);

/* --- the server's process ---------------------------------------------------------------------------- */

struct jc_fleet_server {
    pid_t pid;
    int port, tls_port;    /* 0: none */
    int64_t started_in_ns; /* until it said where it listens */
};

/* Starts `program serve` with these further arguments (NULL at the end; may be NULL). It is killed when this
 * program ends in whatever way. */
struct jc_fleet_server jc_fleet_serve(const char *program, const char *database, const char *log,
                                      const char *const *arguments);
/* Kills it. */
void jc_fleet_kill(struct jc_fleet_server *server);
/* Ends it by SIGTERM and demands exit status 0. */
void jc_fleet_end(struct jc_fleet_server *server);
int64_t jc_fleet_cpu_us(pid_t pid); /* user and system */
long jc_fleet_resident_kb(pid_t pid);
/* A blocking connection without Nagle. */
int jc_fleet_dial(int port);

#endif
