/* A year small enough to be worked out by hand, as files.
 *
 *   t1 (60 workdays)  u1 key, two visits, one a half-year, May blacked out; t2 joins the one in 7-12
 *                     u2 key, rule once or half, group g; u3 general, t1 or t2 may lead
 *   t2 (no limit)     u4 every 2 years, visited 2022: not due; u5 the same, visited 2021: due
 *   d1                3 slots of t1, one in 1-6, two in 7-12
 */
#ifndef JC_PLAN_YEAR_H
#define JC_PLAN_YEAR_H

#include "plan/import.h"

static const struct jc_case_input JC_YEAR[] = {
    {JC_STR("agency.csv"), JC_STR("agency_id,name,level,year,statutory_days_per_person,headcount_registered,"
                                  "headcount_counted\n"
                                  "x,测试局,city,2023,249,5,5\n")},
    {JC_STR("teams.csv"), JC_STR("team_id,name,kind,headcount,headcount_registered,supervision_workdays\n"
                                 "t1,执法1队,bureau,3,,60\n"
                                 "t2,执法2队,bureau,2,,\n")},
    {JC_STR("rules.csv"), JC_STR("rule_id,name,visits_per_year,windows,min_gap_months\n"
                                 "half,每半年1次,2,1-6:1;7-12:1,3\n"
                                 "once,每年1次,1,,\n"
                                 "second,下半年1次,1,7-12:1,\n"
                                 "cycle,两年1次,0.5,,\n"
                                 "rd,抽中检查1次,1,,\n")},
    {JC_STR("units.csv"), JC_STR("unit_id,name,district,industry,category,risk,lead_team,rule_id,persons,days,"
                                 "blackout_months,groups,last_visit,co_team,co_rule,co_persons,co_days\n"
                                 "u1,甲厂,东区,化工,key,2,t1,half,2,1,5,,,t2,second,2,0.5\n"
                                 "u2,乙厂,西区,冶金,key,,t1,once|half,2,1,,g,,,,,\n"
                                 "u3,丙厂,东区,,general,,t1|t2,once,2,1,,,,,,,\n"
                                 "u4,丁厂,,,general,,t2,cycle,2,1,,,2022-05,,,,\n"
                                 "u5,戊厂,,,general,,t2,cycle,2,1.5,,,2021-03,,,,\n"
                                 "u6,己厂,,,general,,,,,,,,,,,,\n")},
    {JC_STR("draws.csv"), JC_STR("draw_id,team_id,name,pool_size,sample,windows,rule_id,persons,days,method\n"
                                 "d1,t1,零售,,3,1-6:1;7-12:2,rd,2,1,double_random\n"
                                 "d2,t2,全部,,2,,rd,2,1,full_coverage\n")},
    {JC_STR("quotas.csv"), JC_STR("quota_id,team_id,scope,months,counts,min,max,theme\n"
                                  "q-spring,t1,rule:half|once|rd,1-3,visits,1,3,春节前检查\n"
                                  "q-year,,rule:half|once,1-12,visits,,,全年检查\n"
                                  "q-alt,,rule:once,1-12,units,2,2,\n"
                                  "q-remote,t1,rule:half,7-12,remote_visits,1,1,\n"
                                  "q-group,,group:g,1-6,visits,,1,\n"
                                  "q-draw,,draw:d1,7-12,visits,2,2,下半年抽查\n")},
    {JC_STR("budgets.csv"), JC_STR("team_id,month,workdays\nt2,1,2\nt2,8,6\n")},
    {JC_STR("checklists.csv"), JC_STR("checklist_id,item_no,text\ndefault,1,教育培训\n")},
    {JC_STR("parameters.csv"), JC_STR("name,value,unit,valid_from,valid_to,source\n"
                                      "major_change_key_units,10,percent,2023-01-01,,条\n"
                                      "major_change_units,20,percent,2018-01-01,,条\n"
                                      "major_change_reapproval_due,30,calendar_days,2018-01-01,,条\n")},
};

/* Its plan with the visits where tests want them, whatever the solver chose. */
static const char JC_YEAR_ARRANGED[] =
    "UPDATE visit SET pinned = 0, forced_by = NULL, forced_reason = NULL, mode = 1, status = 1;"
    "UPDATE visit SET month = 2 WHERE visit_id = 'u1-01'; UPDATE visit SET month = 8, mode = 2 WHERE visit_id = 'u1-02';"
    "UPDATE visit SET month = 3, rule_id = 'once' WHERE visit_id = 'u2-01'; DELETE FROM visit WHERE visit_id = 'u2-02';"
    "UPDATE visit SET month = 4 WHERE visit_id = 'u3-01'; UPDATE visit SET lead_team = 't1' WHERE unit_id < 'u4';"
    "UPDATE visit SET month = 8 WHERE visit_id = 'u5-01'; UPDATE visit SET month = 1 WHERE visit_id = 'd1-01';"
    "UPDATE visit SET month = 9 WHERE visit_id = 'd1-02'; UPDATE visit SET month = 10 WHERE visit_id = 'd1-03';"
    "UPDATE visit SET month = 5 WHERE visit_id = 'd2-01'; UPDATE visit SET month = 6 WHERE visit_id = 'd2-02';";

#endif
