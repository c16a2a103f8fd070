/* Chains, seals, receipts, keys and sets (base/evidence.h) against vectors made by an independent
 * implementation (Python's hashlib and cryptography), and what must not verify. */
#include "jc_test.h"

#include "base/evidence.h"

/* The key of RFC 8032, 7.1, TEST 2. */
static const char SEED[] = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";
static const char PUBLIC[] = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";

static const char LINK_1[] = "128920a697f0e0b11e852e51717fe2289c4b0f84c2b1904a756a8965f1f062fc";
static const char LINK_2[] = "1159c167449889d4ae0574a576e6f68b24528f76323448ee8ff05bf990777ac8";
static const char SEAL[] =
    "f0edcac1f254dfa7fcd64b1c9d766557879e473db046542abc48b44c9be0d5a0fa31f3057d114446957040034a48d51d"
    "66011252898612f996a8a6ff4d08c805";
static const char LEAF[] = "5a7c7fffbe73f369cf45a4327b79232625346b71ad62f7a8cd3b290a8444f4c0";
static const char ROOT_OF_5[] = "550347fe72bcb7c23a0576eb793f410a6192c5d678b483eb1adfd880720b55ea";
static const char KEY_ID[] = "39f713d0a644253f";
static const char RECEIPT[] =
    "ccd49e058d9c7eab848d7d32a820b5eaa1efeb4601b0762858b7b4bdd7c9987e20c9626fd99a617dde2d020c44e49bfc"
    "fe2af6b1993089541bcf8e95b7866c0c";
static const char ENDORSEMENT[] =
    "363ece67f1ba79e7fadd1c7b38ef3e84541fc374f08dd66dc285846cf72de6f3bbade0e9b92bb99fdaf440da7c0b8938"
    "297ff7337b8fa097ff11e15d0f070a0f";
static const char ENTITY[] = "f4c922f2d644511a4fde4026253b33c073c3ce421831fb52a839e36767297b4e";
static const char SET[] = "67716dab522dabe49a56960cd01cafe2813d9bf5881cf264c0fa5368fc76ccca";

static uint8_t public_key[JC_SIGN_PUBLIC_SIZE], secret_key[JC_SIGN_SECRET_SIZE];

static int load_key(void **state) {
    (void)state;
    return jc_hex_parse(jc_str(SEED), secret_key, 32) && jc_hex_parse(jc_str(PUBLIC), secret_key + 32, 32) &&
                   jc_hex_parse(jc_str(PUBLIC), public_key, sizeof public_key)
               ? 0
               : -1;
}

static void check_hex(const char *name, const uint8_t *bytes, size_t len, const char *expected) {
    char hex[2 * 64 + 1];
    CHECK_STR(name, jc_hex(bytes, len, hex), expected);
}

/* Bytes first, first + 1, ... */
static struct jc_uuid counting(uint8_t first) {
    struct jc_uuid id;
    for (size_t i = 0; i < JC_UUID_SIZE; i++)
        id.bytes[i] = (uint8_t)(first + i);
    return id;
}

static void hash_of(const char *text, uint8_t out[JC_SHA256_SIZE]) {
    jc_sha256(jc_str(text), out);
}

/* --- chain ------------------------------------------------------------------------------------------- */

static void links_two(uint8_t first[JC_SHA256_SIZE], uint8_t second[JC_SHA256_SIZE]) {
    static const uint8_t none[JC_SHA256_SIZE];
    struct jc_uuid one = counting(16), two = counting(32);
    uint8_t body[JC_SHA256_SIZE];
    hash_of("body one", body);
    jc_link(none, one, body, JC_STR(""), first);
    hash_of("body two", body);
    jc_link(first, two, body, (struct jc_str){(const char *)one.bytes, JC_UUID_SIZE}, second);
}

static void chains_and_seals(void **state) {
    (void)state;
    uint8_t first[JC_SHA256_SIZE], second[JC_SHA256_SIZE], seal[JC_SIGNATURE_SIZE];
    links_two(first, second);
    check_hex("link without a previous one", first, sizeof first, LINK_1);
    check_hex("link with a dependency", second, sizeof second, LINK_2);
    jc_seal_sign(second, secret_key, seal);
    check_hex("seal", seal, sizeof seal, SEAL);
    assert_true(jc_seal_verify(second, seal, public_key));
    assert_false(jc_seal_verify(first, seal, public_key));
    seal[40] ^= 1;
    assert_false(jc_seal_verify(second, seal, public_key));
}

/* Every byte that goes into a link changes it. */
static void links_cover_everything(void **state) {
    (void)state;
    uint8_t previous[JC_SHA256_SIZE] = {0}, body[JC_SHA256_SIZE] = {0}, whole[JC_SHA256_SIZE], other[JC_SHA256_SIZE];
    struct jc_uuid id = counting(1), dependency = counting(2);
    struct jc_str depends_on = {(const char *)dependency.bytes, JC_UUID_SIZE};
    const struct {
        const char *name;
        uint8_t *byte;
    } cases[] = {
        {"previous", &previous[31]}, {"id", &id.bytes[7]}, {"body", &body[0]}, {"depends_on", &dependency.bytes[15]}};
    jc_link(previous, id, body, depends_on, whole);
    for (size_t i = 0; i < COUNT(cases); i++) {
        *cases[i].byte ^= 0x80;
        jc_link(previous, id, body, depends_on, other);
        CHECK(cases[i].name, memcmp(whole, other, sizeof whole) != 0);
        *cases[i].byte ^= 0x80;
    }
}

/* --- receipts ---------------------------------------------------------------------------------------- */

static void makes_a_leaf(void **state) {
    (void)state;
    struct jc_receipt_operation operations[2] = {{counting(16), 41, {0}}, {counting(32), 42, {0}}};
    uint8_t blob[1][JC_SHA256_SIZE], leaf[JC_SHA256_SIZE], other[JC_SHA256_SIZE];
    hash_of("body one", operations[0].body_sha256);
    hash_of("body two", operations[1].body_sha256);
    hash_of("photo", blob[0]);
    jc_receipt_leaf(counting(0), operations, 2, blob, 1, leaf);
    check_hex("leaf", leaf, sizeof leaf, LEAF);
    operations[1].operation_no++;
    jc_receipt_leaf(counting(0), operations, 2, blob, 1, other);
    assert_memory_not_equal(leaf, other, sizeof leaf);
    jc_receipt_leaf(counting(0), NULL, 0, NULL, 0, other); /* an answer without operations has one too */
}

enum { LEAVES = 70 };

/* From every leaf of every tree the path leads to the root, and to no other from another leaf. */
static void every_path_leads_to_the_root(void **state) {
    (void)state;
    static uint8_t nodes[2 * LEAVES + 8][JC_SHA256_SIZE];
    for (size_t leaves = 1; leaves <= LEAVES; leaves++) {
        char name[32];
        snprintf(name, sizeof name, "%zu leaves", leaves);
        for (size_t i = 0; i < leaves; i++) {
            const uint8_t byte = (uint8_t)i;
            jc_sha256((struct jc_str){(const char *)&byte, 1}, nodes[i]);
        }
        size_t size = jc_receipt_tree_size(leaves);
        CHECK(name, size <= COUNT(nodes));
        const uint8_t *root = jc_receipt_tree_build(nodes, leaves);
        CHECK(name, root == nodes[size - 1]);
        if (leaves == 5)
            check_hex(name, root, JC_SHA256_SIZE, ROOT_OF_5);
        for (size_t i = 0; i < leaves; i++) {
            struct jc_receipt_step path[JC_RECEIPT_PATH_MAX];
            uint8_t reached[JC_SHA256_SIZE];
            size_t count = jc_receipt_tree_path(nodes, leaves, i, path);
            jc_receipt_climb(nodes[i], path, count, reached);
            CHECK(name, memcmp(reached, root, sizeof reached) == 0);
            jc_receipt_climb(nodes[(i + 1) % leaves], path, count, reached);
            CHECK(name, leaves == 1 || memcmp(reached, root, sizeof reached) != 0);
        }
    }
}

static struct jc_receipt_statement statement_of(uint8_t root[JC_SHA256_SIZE]) {
    struct jc_receipt_statement statement = {JC_STR("YL-EX"), 42, {0}, 1700000000123, 40, {0}};
    assert_true(jc_hex_parse(jc_str(ROOT_OF_5), root, JC_SHA256_SIZE));
    assert_true(jc_hex_parse(jc_str(LINK_2), statement.chain_head, JC_SHA256_SIZE));
    jc_key_id(public_key, statement.key_id);
    return statement;
}

static void signs_a_receipt(void **state) {
    (void)state;
    uint8_t root[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    struct jc_receipt_statement statement = statement_of(root);
    check_hex("key id", statement.key_id, JC_KEY_ID_SIZE, KEY_ID);
    jc_receipt_sign(&statement, root, secret_key, signature);
    check_hex("signature", signature, sizeof signature, RECEIPT);
    assert_true(jc_receipt_verify(&statement, root, signature, public_key));
}

/* A receipt with any fact altered does not verify. */
static void refuses_an_altered_receipt(void **state) {
    (void)state;
    enum { AGENCY, LENGTH, HEAD, TIME, BACKUP, KEY, ROOT, FACTS };
    static const char *const NAMES[] = {"agency", "chain_length", "chain_head", "server_ms",
                                        "backup", "key_id",       "root"};
    uint8_t root[JC_SHA256_SIZE], signature[JC_SIGNATURE_SIZE];
    const struct jc_receipt_statement good = statement_of(root);
    jc_receipt_sign(&good, root, secret_key, signature);
    for (int fact = 0; fact < FACTS; fact++) {
        struct jc_receipt_statement statement = good;
        uint8_t other[JC_SHA256_SIZE];
        memcpy(other, root, sizeof other);
        statement.agency = fact == AGENCY ? JC_STR("YL-EY") : statement.agency;
        statement.chain_length += fact == LENGTH;
        statement.chain_head[3] ^= fact == HEAD;
        statement.server_ms += fact == TIME;
        statement.backed_up_through += fact == BACKUP;
        statement.key_id[0] ^= fact == KEY;
        other[9] ^= fact == ROOT;
        CHECK(NAMES[fact], !jc_receipt_verify(&statement, other, signature, public_key));
    }
}

/* --- keys and sets ----------------------------------------------------------------------------------- */

static void endorses_a_key(void **state) {
    (void)state;
    uint8_t next[JC_SIGN_PUBLIC_SIZE], endorsement[JC_SIGNATURE_SIZE];
    for (size_t i = 0; i < sizeof next; i++)
        next[i] = (uint8_t)i;
    jc_key_endorse(next, secret_key, endorsement);
    check_hex("endorsement", endorsement, sizeof endorsement, ENDORSEMENT);
    assert_true(jc_key_endorsed(next, endorsement, public_key));
    next[5] ^= 1;
    assert_false(jc_key_endorsed(next, endorsement, public_key));
}

static void a_set_does_not_know_order(void **state) {
    (void)state;
    struct jc_uuid id = counting(16);
    uint8_t task[JC_SHA256_SIZE], unit[JC_SHA256_SIZE], set[JC_SHA256_SIZE] = {0}, other[JC_SHA256_SIZE] = {0};
    jc_entity_hash(1, (struct jc_str){(const char *)id.bytes, JC_UUID_SIZE}, JC_STR("task bytes"), task);
    jc_entity_hash(2, JC_STR("U1"), JC_STR("unit"), unit);
    check_hex("entity", task, sizeof task, ENTITY);
    jc_set_hash_flip(set, task);
    jc_set_hash_flip(set, unit);
    check_hex("set", set, sizeof set, SET);
    jc_set_hash_flip(other, unit);
    jc_set_hash_flip(other, task);
    assert_memory_equal(set, other, sizeof set);
    jc_set_hash_flip(other, unit);
    assert_memory_equal(other, task, sizeof other);
}

int main(void) {
    assert_true(jc_id_init());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_and_seals), cmocka_unit_test(links_cover_everything),
        cmocka_unit_test(makes_a_leaf),     cmocka_unit_test(every_path_leads_to_the_root),
        cmocka_unit_test(signs_a_receipt),  cmocka_unit_test(refuses_an_altered_receipt),
        cmocka_unit_test(endorses_a_key),   cmocka_unit_test(a_set_does_not_know_order),
    };
    return cmocka_run_group_tests(tests, load_key, NULL);
}
