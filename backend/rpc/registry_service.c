/* jiancha.v1.RegistryService: the register of the caller's agency, for reading. */
#include "jiancha/v1/registry_service.pb-c.h"
#include "rpc/answer.h"
#include "rpc/services.h"
#include "store/agency.h"
#include "store/registry.h"
#include "store/unit.h"

enum jc_code jc_get_agency_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    Jc__GetAgencyResponse *response = JC_ANSWER(call, Jc__GetAgencyResponse, jc__get_agency_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    return jc_agency_get(tx, call->caller.agency_id, call->arena, &response->agency, err);
}

enum jc_code jc_list_teams_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    Jc__ListTeamsResponse *response = JC_ANSWER(call, Jc__ListTeamsResponse, jc__list_teams_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    return jc_team_list(tx, call->caller.agency_id, call->arena, &response->teams, &response->n_teams, err);
}

/* The page token is the unit_id the page before ended with. One unit more than asked is read, to know
 * whether another page follows. */
enum jc_code jc_list_units_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__ListUnitsRequest *request = (const Jc__ListUnitsRequest *)call->request;
    Jc__ListUnitsResponse *response = JC_ANSWER(call, Jc__ListUnitsResponse, jc__list_units_response);
    int size = 0;
    size_t count = 0;
    if (!response)
        return jc_fail_memory(err);
    enum jc_code code = jc_page_size(request->page_size, &size, err);
    if (!code)
        code = jc_unit_page(tx, call->caller.agency_id, jc_str(request->page_token), size + 1, call->arena,
                            &response->units, &count, err);
    if (code)
        return code;
    response->n_units = count;
    if (count > (size_t)size) {
        response->n_units = (size_t)size;
        response->next_page_token = response->units[size - 1]->unit_id;
    }
    call->response = &response->base;
    return JC_OK;
}

enum jc_code jc_get_unit_run(struct jc_tx *tx, struct jc_call *call, struct jc_err *err) {
    const Jc__GetUnitRequest *request = (const Jc__GetUnitRequest *)call->request;
    Jc__GetUnitResponse *response = JC_ANSWER(call, Jc__GetUnitResponse, jc__get_unit_response);
    if (!response)
        return jc_fail_memory(err);
    call->response = &response->base;
    return jc_unit_get(tx, call->caller.agency_id, jc_str(request->unit_id), call->arena, &response->unit, err);
}
