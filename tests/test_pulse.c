/* The numbers for whoever watches the server (store/pulse.h). */
#include "jc_field_test.h"

#include "store/pulse.h"

static enum jc_code read_job(struct jc_tx *tx, void *ctx, struct jc_err *err) {
    return jc_pulse_read(tx, FIELD_NOW_MS + 2 * FIELD_DAY_MS, ctx, err);
}

static void test_pulse(void **state) {
    (void)state;
    struct field field, *f = &field;
    struct jc_pulse pulse;
    field_open(f);
    int64_t devices = jc_test_number(f->db, "SELECT COUNT(*) FROM device");
    jc_test_read(f->db, read_job, &pulse);
    CHECK_INT("nobody seen", pulse.devices_stale, devices);
    CHECK_INT("nothing to decide", pulse.reviews_open, 0);
    field_lease(f, FIELD_A1);
    f->now_ms += 2 * FIELD_DAY_MS;
    field_send(f, FIELD_A2, field_return(f, 1, FIELD_T2, "停产"));
    field_script(f, "UPDATE device SET revoked_ms = 1 WHERE inspector_id = 'b1';"
                    "UPDATE device SET seal_due_ms = 1 WHERE inspector_id = 'a3'");
    field_script(f, "INSERT INTO blob VALUES (1, X'01', 1000, 'image/jpeg', 1, NULL, NULL),"
                    "                        (1, X'02', 234, 'image/jpeg', 1, NULL, NULL),"
                    "                        (1, X'03', 5000, 'image/jpeg', 1, 2, '期满')");
    jc_test_read(f->db, read_job, &pulse);
    CHECK_INT("bytes of what is stored", pulse.blob_bytes, 1234);
    CHECK_INT("today", pulse.devices_seen_today, 1);
    CHECK_INT("revoked", pulse.devices_revoked,
              jc_test_number(f->db, "SELECT COUNT(*) FROM device WHERE revoked_ms > 0"));
    CHECK_INT("the others", pulse.devices_stale, devices - 1 - pulse.devices_revoked);
    CHECK_INT("a return", pulse.reviews_open, 1);
    CHECK_INT("due", pulse.seals_due, 1);
    field_close(f);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pulse)};
    return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
