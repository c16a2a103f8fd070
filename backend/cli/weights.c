/* Weights are thousandths throughout, so they are read as such: no float in between. */
#include "cli/weights.h"

#include "base/str.h"

/* A decimal as thousandths: "0.1" is 100. */
static bool to_milli(struct jc_str text, int64_t *out) {
    struct jc_str part = text, whole;
    int64_t value = 0, fraction = 0;
    if (!jc_str_cut(&part, '.', &whole) || !whole.len || whole.ptr[0] < '0' || whole.ptr[0] > '9')
        return false;
    bool has_part = whole.len < text.len;
    if (has_part && (!part.len || part.len > 3 || part.ptr[0] < '0' || part.ptr[0] > '9'))
        return false;
    if (!jc_str_to_int64(whole, &value) || value > 1000000 || (has_part && !jc_str_to_int64(part, &fraction)))
        return false;
    for (size_t i = part.len; has_part && i < 3; i++)
        fraction *= 10;
    *out = value * 1000 + fraction;
    return *out <= INT64_C(1000000000);
}

static int64_t *find(Jc__Weights *weights, struct jc_str name) {
    const struct {
        struct jc_str name;
        int64_t *weight;
    } rows[] = {
        {JC_STR("balance"), &weights->balance_milli}, {JC_STR("travel"), &weights->travel_milli},
        {JC_STR("risk"), &weights->risk_milli},       {JC_STR("preferred"), &weights->preferred_milli},
        {JC_STR("changes"), &weights->changes_milli},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        if (jc_str_eq(name, rows[i].name))
            return rows[i].weight;
    return NULL;
}

bool jc_weights_read(const char *text, Jc__Weights *weights) {
    Jc__Weights read = *weights, seen = JC__WEIGHTS__INIT;
    struct jc_str rest = jc_str(text), entry, name;
    if (!rest.len || rest.ptr[rest.len - 1] == ',')
        return false;
    while (jc_str_cut(&rest, ',', &entry)) {
        bool paired = jc_str_cut(&entry, '=', &name) && entry.ptr;
        int64_t *weight = paired ? find(&read, name) : NULL, *times = paired ? find(&seen, name) : NULL;
        if (!weight || (*times)++ || !to_milli(entry, weight))
            return false;
    }
    *weights = read;
    return true;
}
