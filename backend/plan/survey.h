/* The least work of a year: what any plan has teams do within spans of months.
 *
 * work(K,S) sums over units, joins and draws what each has at least within the months S. A team is looked at
 * alone, where only units that nobody else can lead count, and together with all teams it shares units with. */
#ifndef JC_PLAN_SURVEY_H
#define JC_PLAN_SURVEY_H

#include "base/err.h"
#include "base/index.h"
#include "jiancha/v1/optimizer.pb-c.h"
#include "model/pattern.h"

struct jc_survey_profile;

struct jc_survey {
    const Jc__Problem *problem;
    struct jc_arena *arena;
    bool with_pins;         /* kept visits count as such, else as free */
    uint16_t *pinned;       /* by unit: months */
    int32_t *pin_team;      /* by unit: -1 if free */
    int32_t *pin_rule;      /* by unit: -1 if free */
    int32_t *together;      /* by team: the least index among the teams it shares units with, itself included */
    int64_t *alone;         /* by team * SPANS + span: least work */
    int64_t *of_all;        /* the same for all teams with this `together` */
    struct jc_index *kinds; /* key -> index in profiles, + 1 */
    struct {
        struct jc_survey_profile **items;
        size_t count, capacity;
    } profiles;
};

/* Surveys a checked problem; memory is the arena's. Cost: one pass over the units with 78 spans each. */
enum jc_code jc_survey_make(const Jc__Problem *problem, bool with_pins, struct jc_arena *arena,
                            struct jc_survey *survey, struct jc_err *err);

/* The span with `month` in it (0: the year) for which a team, or `all` it shares units with, lacks most;
 * `lack` is 0 where none does. */
struct jc_survey_worst {
    int64_t lack, need, limit;
    uint32_t months;
};
struct jc_survey_worst jc_survey_worst(const struct jc_survey *s, int team, bool all, int month);

/* What the team and those it shares units with lack in a span (`year`: in the year), each looked at alone. */
int64_t jc_survey_lack_alone(const struct jc_survey *s, int team, uint32_t months, bool year);

/* The patterns the unit may have under its option `i`; none if a pin says another rule. */
size_t jc_survey_patterns(const struct jc_survey *s, size_t unit, size_t i, uint16_t out[JC_PATTERNS_MAX]);

/* Does no pin say another team? */
bool jc_survey_may_lead(const struct jc_survey *s, size_t unit, int32_t team);

/* The least and the largest number of a draw's slots within the months. */
int64_t jc_survey_slots_least(const Jc__ProblemDraw *draw, uint32_t months);
int64_t jc_survey_slots_most(const Jc__ProblemDraw *draw, uint32_t months);

#endif
