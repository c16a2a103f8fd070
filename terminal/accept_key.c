/* A key of the server that no known key endorses, taken on a person's word: whoever restores a server without its keys
 * breaks the chain of endorsements, and only people can tell that from a stranger's server.
 *
 * What must never happen: a key taken because a server offered it. */
#include <string.h>

#include "base/message.h"
#include "jiancha/v1/sync_service.pb-c.h"
#include "terminal/call.h"
#include "terminal/receipt.h"
#include "terminal/report.h"

enum { PAGE_UNWANTED = 1 };

struct accepting {
    struct jc_terminal *terminal;
    struct jc_arena *arena;
    uint8_t wanted[JC_SIGN_PUBLIC_SIZE]; /* key id or public key */
    size_t wanted_len;
    struct jc_terminal_self self;
    struct jc_terminal_keys keys;
    Jc__DeviceReport *report;
};

static enum jc_code prepare(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    struct accepting *accepting = ctx;
    enum jc_code code = jc_terminal_self_enrolled(tx, accepting->arena, &accepting->self, err);
    jc_sign_forget(accepting->self.secret_key, sizeof accepting->self.secret_key);
    if (code == JC_OK)
        code = jc_terminal_keys_read(tx, accepting->arena, &accepting->keys, err);
    return code == JC_OK ? jc_terminal_report(tx, accepting->terminal, accepting->arena, &accepting->report, err)
                         : code;
}

static enum jc_code ask(struct accepting *accepting, const struct jc_transport *transport, const Jc__SyncResponse **out,
                        struct jc_err *err) {
    Jc__SyncRequest request = JC__SYNC_REQUEST__INIT;
    struct jc_terminal_call call = {.procedure = "/jiancha.v1.SyncService/Sync",
                                    .token = accepting->self.token,
                                    .type = &jc__sync_response__descriptor};
    request.report = accepting->report;
    request.page_bytes = PAGE_UNWANTED;
    enum jc_code code = jc_message_pack(&request.base, accepting->arena, &call.request, err);
    if (code == JC_OK)
        code = jc_terminal_call(transport, &call, accepting->arena, err);
    *out = (const Jc__SyncResponse *)call.answer;
    return code;
}

/* Whether the key is the one that the person named; its id must be the hash of the key. */
static bool is_wanted(const struct accepting *accepting, const uint8_t key_id[JC_KEY_ID_SIZE],
                      const uint8_t public_key[JC_SIGN_PUBLIC_SIZE]) {
    const uint8_t *shown = accepting->wanted_len == JC_KEY_ID_SIZE ? key_id : public_key;
    return memcmp(shown, accepting->wanted, accepting->wanted_len) == 0;
}

static bool is_known(const struct accepting *accepting) {
    for (size_t i = 0; i < accepting->keys.count; i++) {
        if (is_wanted(accepting, accepting->keys.items[i].key_id, accepting->keys.items[i].public_key))
            return true;
    }
    return false;
}

static enum jc_code choose(struct accepting *accepting, const Jc__SyncResponse *response, struct jc_err *err) {
    for (size_t i = 0; i < response->n_server_keys; i++) {
        const Jc__ServerKey *offered = response->server_keys[i];
        uint8_t key_id[JC_KEY_ID_SIZE];
        if (offered->public_key.len != JC_SIGN_PUBLIC_SIZE)
            continue;
        jc_key_id(offered->public_key.data, key_id);
        if (!is_wanted(accepting, key_id, offered->public_key.data))
            continue;
        struct jc_terminal_key *item = JC_PUSH(accepting->arena, &accepting->keys, struct jc_terminal_key);
        if (!item)
            return jc_fail_memory(err);
        memcpy(item->key_id, key_id, JC_KEY_ID_SIZE);
        memcpy(item->public_key, offered->public_key.data, JC_SIGN_PUBLIC_SIZE);
        return JC_OK;
    }
    return jc_fail(err, JC_NOT_FOUND, JC_MSG_TERM_KEY_NOT_OFFERED);
}

static enum jc_code keep(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    const struct accepting *accepting = ctx;
    return jc_terminal_keys_store(tx, &accepting->keys, err);
}

enum jc_code jc_terminal_accept_key(struct jc_terminal *terminal, const struct jc_transport *transport,
                                    struct jc_str fingerprint, bool *already, struct jc_err *err) {
    struct accepting accepting = {.terminal = terminal, .wanted_len = fingerprint.len / 2};
    const Jc__SyncResponse *response = NULL;
    *already = false;
    if ((accepting.wanted_len != JC_KEY_ID_SIZE && accepting.wanted_len != JC_SIGN_PUBLIC_SIZE) ||
        !jc_hex_parse(fingerprint, accepting.wanted, accepting.wanted_len))
        return jc_fail(err, JC_INVALID_ARGUMENT, JC_MSG_TERM_FINGERPRINT, fingerprint);
    accepting.arena = jc_arena_new(JC_TERMINAL_ARENA_MAX);
    enum jc_code code = accepting.arena ? jc_terminal_read(terminal, prepare, &accepting, err) : jc_fail_memory(err);
    *already = code == JC_OK && is_known(&accepting);
    if (code == JC_OK && !*already)
        code = ask(&accepting, transport, &response, err);
    if (code == JC_OK && !*already)
        code = choose(&accepting, response, err);
    if (code == JC_OK && !*already)
        code = jc_terminal_write(terminal, keep, &accepting, err);
    jc_arena_free(accepting.arena);
    return code;
}
