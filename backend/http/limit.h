/* How often an address may guess a secret (passwords, one-time codes).
 *
 * A bucket of tokens for each address: an attempt takes one, a good answer gives it back, time refills.
 * Many terminals behind one address are not punished, because only failures cost. In memory alone; used
 * by one thread. */
#ifndef JC_HTTP_LIMIT_H
#define JC_HTTP_LIMIT_H

#include <sys/socket.h>

#include "base/str.h"

enum {
    JC_LIMIT_BURST = 10,       /* failures in a row */
    JC_LIMIT_REFILL_MS = 6000, /* one more every … */
    JC_LIMIT_ADDRESSES = 1024, /* remembered; the one idle longest makes room */
};

struct jc_limit;

struct jc_limit *jc_limit_new(void); /* NULL without memory */
void jc_limit_free(struct jc_limit *limit);
/* False: no token is left. IPv6 addresses count by their first 64 bits. */
bool jc_limit_take(struct jc_limit *limit, const struct sockaddr *address, int64_t now_ms);
void jc_limit_give_back(struct jc_limit *limit, const struct sockaddr *address);

#endif
