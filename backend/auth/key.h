/* What is done to the server's keys, with its line in the audit log. For use in write jobs. */
#ifndef JC_AUTH_KEY_H
#define JC_AUTH_KEY_H

#include "auth/person.h"
#include "store/server_key.h"

/* The next key is in use from now on; it is endorsed by the one before, whose secret is wiped. The act is
 * noted with the agency on whose behalf it was done; the keys serve all of them. */
enum jc_code jc_key_rotate(struct jc_tx *tx, int64_t agency_id, struct jc_act act, uint8_t key_id[JC_KEY_ID_SIZE],
                           struct jc_err *err);

#endif
