/* What a server looks after in its database and folders, asked by nobody: the lines of its log, leftover photos,
 * seals whose verification waits, recalled tasks whose grace is over, the gauges that take a query, readers that
 * keep the database's log. */
#ifndef JC_HTTP_CHORES_H
#define JC_HTTP_CHORES_H

#include <stdatomic.h>

#include "http/http.h"
#include "http/pool.h"
#include "http/upkeep.h"

enum { JC_CHORES = 6 };

/* Begins as {.http = ...}, whose pools end before it does. */
struct jc_chores {
    struct jc_http *http;
    struct jc_pool_task collection;
    _Atomic bool collecting;
    int64_t forced; /* cuts of the database's log that were tried, when last looked at */
};

/* The chores as tasks of upkeep. */
void jc_chores_list(struct jc_chores *chores, struct jc_upkeep_task out[JC_CHORES]);

#endif
