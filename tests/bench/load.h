/* Terminals at work, as cheap as they can be made: all operations are prepared before the clock starts, an
 * answer is read by walking its outermost fields, and nothing is allocated on the way. The generator shares
 * the machine with the server it measures.
 *
 * A terminal behaves like a real one: it sends the cursor of its last answer, every operation and every
 * record is new, each record is of a unit of its own and has four findings. Any answer that is not 200 and
 * any operation that was not applied ends the program. */
#ifndef JC_BENCH_LOAD_H
#define JC_BENCH_LOAD_H

#include "base/evidence.h"
#include "bench/fleet.h"

enum { JC_LOAD_FINDINGS = 4, JC_LOAD_CURSOR_MAX = 512, JC_LOAD_HEAD_MAX = 512, JC_LOAD_ANSWER_MAX = 1 << 20 };

struct jc_load {
    struct jc_fleet_terminal terminal;
    int fd;
    struct jc_str *requests; /* the `operations` of a SyncRequest each, serialised */
    int count, next, records;
    uint8_t link[JC_SHA256_SIZE]; /* of the operation made last */
    char cursor[JC_LOAD_CURSOR_MAX];
    size_t cursor_len;
    char key_id[8]; /* the server's newest key */
    size_t key_id_len;
    uint64_t blocks_version; /* of the document numbers it has been told */
    bool gzip;               /* requests are compressed, and answers may be */
    unsigned page_bytes;     /* asked for; 0: as the server likes */
    int64_t listed_bytes;    /* both ways, of the last jc_load_first_sync */
    char *out;               /* head and body of the request on its way */
    size_t longest;          /* request that `out` has room for */
    size_t out_len, sent, received;
    bool idle; /* the request on its way has been answered */
    int64_t started_ns, wire_out, wire_in;
    char *answer;
};

/* Prepares `count` requests of `records` operations each, on units from `first_unit` on. */
void jc_load_prepare(struct jc_load *load, int count, int records, int64_t first_unit);
/* One more, of as many operations; none may be on its way. Costs some 40 us a record. */
void jc_load_add(struct jc_load *load, int64_t first_unit);
void jc_load_free(struct jc_load *load);
/* Blocking: fetches everything up to now and keeps the cursor. */
void jc_load_first_sync(struct jc_load *load);

/* Starts the next request; then push until it returns true (it does not block if the socket does not). */
void jc_load_start(struct jc_load *load);
bool jc_load_push(struct jc_load *load);
/* Takes what has arrived; true once the answer is whole: it is checked and its cursor kept. */
bool jc_load_take(struct jc_load *load);

#endif
