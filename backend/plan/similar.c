/* Names are compared by what is left of them: letters and digits without case and width, without the
 * words that people add or drop (省 市 县 区, the legal form). Equality of the rest is one hash look-up,
 * so nothing is compared pair by pair but the few districts. Near-equal names are not reported: 新集一矿
 * and 新集二矿 differ by one character and are two mines. */
#include "plan/similar.h"

#include <string.h>

#include "base/text.h"
#include "jiancha/v1/registry.pb-c.h"

enum { DISTRICTS_MAX = 500, CHARACTERS_MAX = 64 };

/* --- characters --------------------------------------------------------------------------------- */

/* The character at the head of s (valid UTF-8) as a view. */
static struct jc_str first_character(struct jc_str s) {
    size_t len = 1;
    while (len < s.len && ((unsigned char)s.ptr[len] & 0xc0) == 0x80)
        len++;
    return (struct jc_str){s.ptr, len};
}

/* At most `max` characters of s; returns how many, SIZE_MAX if there are more. */
static size_t split_characters(struct jc_str s, struct jc_str *out, size_t max) {
    size_t count = 0;
    while (s.len) {
        if (count == max)
            return SIZE_MAX;
        out[count] = first_character(s);
        s = (struct jc_str){s.ptr + out[count].len, s.len - out[count].len};
        count++;
    }
    return count;
}

/* Is the character one of those in `set`? */
static bool is_one_of(struct jc_str character, const char *set) {
    for (struct jc_str rest = jc_str(set); rest.len;) {
        struct jc_str next = first_character(rest);
        if (jc_str_eq(character, next))
            return true;
        rest = (struct jc_str){rest.ptr + next.len, rest.len - next.len};
    }
    return false;
}

/* --- names ---------------------------------------------------------------------------------------- */

static bool ends_with(struct jc_str s, struct jc_str end) {
    return s.len >= end.len && memcmp(s.ptr + s.len - end.len, end.ptr, end.len) == 0;
}

static bool starts_at(struct jc_str s, const char *word) {
    return jc_str_starts_with(s, jc_str(word));
}

struct jc_str jc_similar_name(struct jc_arena *arena, struct jc_str name) {
    static const char *const forms[] = {"股份有限公司", "有限责任公司", "有限公司"};
    struct jc_str rest = jc_text_skeleton(arena, name);
    char *out = rest.ptr ? jc_arena_alloc(arena, rest.len + 1) : NULL;
    size_t used = 0;
    while (out && rest.len) {
        size_t skip = 0;
        for (size_t i = 0; i < sizeof forms / sizeof *forms && !skip; i++)
            skip = starts_at(rest, forms[i]) ? strlen(forms[i]) : 0;
        struct jc_str character = first_character(rest);
        if (!skip && is_one_of(character, "省市县区"))
            skip = character.len;
        if (!skip) {
            memcpy(out + used, character.ptr, character.len);
            used += character.len;
            skip = character.len;
        }
        rest = (struct jc_str){rest.ptr + skip, rest.len - skip};
    }
    return (struct jc_str){out, used};
}

struct finder {
    const struct jc_case_rows *units;
    struct jc_arena *arena;
    struct jc_diags *diags;
    struct jc_index *names; /* what is left of a name -> unit + 1 */
    struct jc_index *codes; /* credit code -> unit + 1 */
    bool memory;
};

static void warn_pair(struct finder *finder, size_t row, int column, size_t other, enum jc_msg what,
                      struct jc_str words) {
    const struct jc_case_row *here = &finder->units->items[row], *there = &finder->units->items[other];
    const Jc__Unit *unit = there->data;
    char line[JC_NUMBER_TEXT];
    jc_diags_warning(finder->diags, JC_STR("units.csv"), here->places[column].line, here->places[column].column, what,
                     words, jc_str(unit->unit_id), jc_str(unit->name), jc_str_from_int64(there->places[0].line, line));
}

/* Two different codes are two enterprises, whatever their names. */
static bool codes_differ(const Jc__Unit *a, const Jc__Unit *b) {
    return a->credit_code[0] && b->credit_code[0] && strcmp(a->credit_code, b->credit_code) != 0;
}

static void find_name(struct finder *finder, size_t row, int column, const char *name) {
    const Jc__Unit *unit = finder->units->items[row].data;
    struct jc_str key = jc_similar_name(finder->arena, jc_str(name));
    bool is_new = true;
    int64_t *place = key.ptr && key.len ? jc_index_at(finder->names, key, &is_new) : NULL;
    finder->memory |= !key.ptr || (key.len && !place);
    if (!place)
        return;
    if (is_new) {
        *place = (int64_t)row + 1;
        return;
    }
    size_t other = (size_t)*place - 1;
    const Jc__Unit *there = finder->units->items[other].data;
    bool same_code = unit->credit_code[0] && strcmp(unit->credit_code, there->credit_code) == 0;
    if (other != row && !same_code && !codes_differ(unit, there))
        warn_pair(finder, row, column, other, JC_MSG_SIMILAR_NAME, jc_str(name));
}

static void find_code(struct finder *finder, size_t row) {
    const Jc__Unit *unit = finder->units->items[row].data;
    bool is_new = true;
    if (!unit->credit_code[0])
        return;
    int64_t *place = jc_index_at(finder->codes, jc_str(unit->credit_code), &is_new);
    finder->memory |= !place;
    if (place && is_new)
        *place = (int64_t)row + 1;
    else if (place)
        warn_pair(finder, row, JC_UNIT_CREDIT_CODE, (size_t)*place - 1, JC_MSG_SIMILAR_CODE, jc_str(unit->credit_code));
}

static void find_units(struct finder *finder) {
    for (size_t i = 0; i < finder->units->count && !finder->memory; i++) {
        const Jc__Unit *unit = finder->units->items[i].data;
        find_code(finder, i);
        find_name(finder, i, JC_UNIT_NAME, unit->name);
        for (size_t k = 0; k < unit->n_aliases && !finder->memory; k++)
            find_name(finder, i, JC_UNIT_ALIASES, unit->aliases[k]);
    }
}

/* --- districts ------------------------------------------------------------------------------------ */

static bool is_han(struct jc_str character) {
    return character.len >= 3;
}

/* Same length, one character apart, neither at an end nor one that counts or points. */
static bool one_apart(const struct jc_str *a, const struct jc_str *b, size_t count) {
    static const char counting[] = "0123456789一二三四五六七八九十甲乙丙丁东西南北中上下左右前后大小新老";
    size_t apart = 0;
    for (size_t i = 0; i < count; i++) {
        if (jc_str_eq(a[i], b[i]))
            continue;
        bool end = i == 0 || i + 1 == count;
        if (end || !is_han(a[i]) || !is_han(b[i]) || is_one_of(a[i], counting) || is_one_of(b[i], counting))
            return false;
        apart++;
    }
    return apart == 1 && count >= 4;
}

/* The short one begins the long one without being a whole name itself: 毛集, 毛集实验区. */
static bool short_form(const struct jc_str *a, size_t a_count, const struct jc_str *b, size_t b_count) {
    if (a_count < 2 || a_count >= b_count || is_one_of(a[a_count - 1], "区县市镇乡"))
        return false;
    for (size_t i = 0; i < a_count; i++)
        if (!is_han(a[i]) || !jc_str_eq(a[i], b[i]))
            return false;
    return true;
}

bool jc_similar_district(struct jc_str a, struct jc_str b) {
    struct jc_str left[CHARACTERS_MAX], right[CHARACTERS_MAX];
    size_t a_count = split_characters(a, left, CHARACTERS_MAX), b_count = split_characters(b, right, CHARACTERS_MAX);
    if (a_count == SIZE_MAX || b_count == SIZE_MAX || jc_str_eq(a, b))
        return false;
    if (short_form(left, a_count, right, b_count) || short_form(right, b_count, left, a_count))
        return true;
    if (a_count == b_count)
        return one_apart(left, right, a_count);
    struct jc_str longer = a_count > b_count ? a : b, shorter = a_count > b_count ? b : a;
    return (a_count < b_count ? a_count : b_count) >= 2 && starts_at(longer, "市") && ends_with(longer, shorter) &&
           longer.len == shorter.len + strlen("市");
}

struct district {
    struct jc_str name;
    const struct district *usual; /* of a misspelling */
    size_t first, uses;
};

struct districts {
    struct district *items;
    size_t count, capacity;
    struct jc_index *index; /* name -> place + 1 */
};

/* The entry of a name, counted once more; NULL without memory. */
static struct district *count_use(struct finder *finder, struct districts *list, struct jc_str name, size_t row) {
    int64_t *place = jc_index_at(list->index, name, NULL);
    struct district *entry = NULL;
    if (place && *place == 0) {
        entry = JC_PUSH(finder->arena, list, struct district);
        if (entry)
            *entry = (struct district){.name = name, .first = row};
        *place = entry ? (int64_t)list->count : 0;
    } else if (place) {
        entry = &list->items[*place - 1];
    }
    if (entry)
        entry->uses++;
    finder->memory |= !entry;
    return entry;
}

static void collect(struct finder *finder, struct districts *list) {
    list->index = jc_index_new(finder->arena, 0);
    finder->memory |= !list->index;
    for (size_t i = 0; i < finder->units->count && !finder->memory; i++) {
        struct jc_str name = jc_str(((const Jc__Unit *)finder->units->items[i].data)->district);
        if (name.len)
            count_use(finder, list, name, i);
    }
}

static void warn_district(struct finder *finder, size_t row, int column, enum jc_msg what, struct jc_str odd,
                          size_t odd_uses, struct jc_str usual, size_t usual_uses) {
    const struct jc_case_place *place = &finder->units->items[row].places[column];
    char few[JC_NUMBER_TEXT], many[JC_NUMBER_TEXT];
    jc_diags_warning(finder->diags, JC_STR("units.csv"), place->line, place->column, what, odd, usual,
                     jc_str_from_int64((int64_t)odd_uses, few), jc_str_from_int64((int64_t)usual_uses, many));
}

static void compare_districts(struct finder *finder, const struct districts *list) {
    for (size_t i = 0; i < list->count; i++)
        for (size_t k = i + 1; k < list->count; k++) {
            const struct district *odd = &list->items[k], *usual = &list->items[i];
            if (!jc_similar_district(odd->name, usual->name))
                continue;
            if (odd->uses > usual->uses) {
                odd = &list->items[i];
                usual = &list->items[k];
            }
            warn_district(finder, odd->first, JC_UNIT_DISTRICT, JC_MSG_SIMILAR_DISTRICT, odd->name, odd->uses,
                          usual->name, usual->uses);
        }
}

/* A stretch of the address one character apart from a known district. */
static bool misspelt(struct jc_str address, const struct districts *list, struct jc_str *odd,
                     const struct district **usual) {
    struct jc_str letters[256], name[CHARACTERS_MAX];
    size_t length = split_characters(address, letters, 256);
    for (size_t d = 0; length != SIZE_MAX && d < list->count; d++) {
        size_t count = split_characters(list->items[d].name, name, CHARACTERS_MAX);
        for (size_t at = 0; count != SIZE_MAX && at + count <= length; at++) {
            if (!one_apart(letters + at, name, count))
                continue;
            const struct jc_str *last = &letters[at + count - 1];
            *odd = (struct jc_str){letters[at].ptr, (size_t)(last->ptr + last->len - letters[at].ptr)};
            *usual = &list->items[d];
            if (jc_index_find(list->index, *odd, 0) == 0)
                return true;
        }
    }
    return false;
}

static void search_addresses(struct finder *finder, const struct districts *list) {
    struct districts found = {.index = jc_index_new(finder->arena, 0)};
    finder->memory |= !found.index;
    for (size_t i = 0; i < finder->units->count && !finder->memory; i++) {
        const Jc__Unit *unit = finder->units->items[i].data;
        struct jc_str odd;
        const struct district *usual;
        if (!unit->address[0] || !misspelt(jc_str(unit->address), list, &odd, &usual))
            continue;
        struct district *entry = count_use(finder, &found, odd, i);
        if (entry)
            entry->usual = usual;
    }
    for (size_t i = 0; i < found.count && !finder->memory; i++) {
        const struct district *one = &found.items[i];
        warn_district(finder, one->first, JC_UNIT_ADDRESS, JC_MSG_SIMILAR_ADDRESS, one->name, one->uses,
                      one->usual->name, one->usual->uses);
    }
}

enum jc_code jc_similar_warn(const struct jc_case *c, struct jc_diags *diags, struct jc_err *err) {
    struct finder finder = {.units = &c->parts[JC_CASE_UNITS], .arena = c->arena, .diags = diags};
    struct districts list = {0};
    finder.names = jc_index_new(c->arena, finder.units->count);
    finder.codes = jc_index_new(c->arena, 0);
    if (!finder.names || !finder.codes)
        return jc_fail_memory(err);
    collect(&finder, &list);
    find_units(&finder);
    if (list.count <= DISTRICTS_MAX && !finder.memory) {
        compare_districts(&finder, &list);
        search_addresses(&finder, &list);
    }
    return finder.memory || diags->failed ? jc_fail_memory(err) : JC_OK;
}
