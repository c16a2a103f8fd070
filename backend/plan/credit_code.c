/* Characters are digits and capitals without I, O, S, V, Z, worth 0 to 30 in that order. Character i
 * weighs 3^i mod 31; the check character makes the weighted sum a multiple of 31. */
#include "plan/credit_code.h"

#include <string.h>

enum { CODE_LENGTH = 18, MODULUS = 31 };

static const char CHARACTERS[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

enum jc_credit_fault jc_credit_code_check(struct jc_str code, size_t *at, char *expected) {
    if (code.len != CODE_LENGTH)
        return JC_CREDIT_LENGTH;
    int sum = 0, weight = 1;
    for (size_t i = 0; i < CODE_LENGTH; i++) {
        const char *found = code.ptr[i] ? strchr(CHARACTERS, code.ptr[i]) : NULL;
        if (!found) {
            if (at)
                *at = i;
            return JC_CREDIT_CHARACTER;
        }
        if (i < CODE_LENGTH - 1)
            sum += (int)(found - CHARACTERS) * weight;
        weight = weight * 3 % MODULUS;
    }
    char check = CHARACTERS[(MODULUS - sum % MODULUS) % MODULUS];
    if (expected)
        *expected = check;
    return code.ptr[CODE_LENGTH - 1] == check ? JC_CREDIT_OK : JC_CREDIT_CHECK;
}
