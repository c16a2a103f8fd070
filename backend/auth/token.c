/* Tokens are compared by looking up their hash in an index: how long that takes depends on the hash,
 * which tells nothing about the token. The text of a secret must never reach a log or a table. */
#include "auth/token.h"

#include <string.h>

#include "base/secret.h"

/* Crockford's base 32. */
static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

enum { TOKEN_BYTES = 32, ONE_TIME_BYTES = 10, ONE_TIME_DIGITS = 16, GROUP = 4 };

void jc_token_hash(struct jc_str text, uint8_t hash[JC_SHA256_SIZE]) {
    jc_sha256(text, hash);
}

void jc_token_make(char text[JC_TOKEN_TEXT], uint8_t hash[JC_SHA256_SIZE]) {
    uint8_t secret[TOKEN_BYTES];
    jc_random(secret, sizeof secret);
    jc_token_hash(jc_hex(secret, sizeof secret, text), hash);
    jc_secret_forget(secret, sizeof secret);
}

void jc_one_time_make(char text[JC_ONE_TIME_TEXT]) {
    uint8_t secret[ONE_TIME_BYTES];
    jc_random(secret, sizeof secret);
    char *at = text;
    for (int digit = 0; digit < ONE_TIME_DIGITS; digit++) {
        int bit = digit * 5, byte = bit / 8;
        unsigned pair = (unsigned)secret[byte] << 8 | (byte + 1 < ONE_TIME_BYTES ? secret[byte + 1] : 0);
        if (digit && digit % GROUP == 0)
            *at++ = '-';
        *at++ = ALPHABET[pair >> (11 - bit % 8) & 31];
    }
    *at = '\0';
    jc_secret_forget(secret, sizeof secret);
}

/* The digit a typed character stands for, 0 if for none. */
static char digit_of(char typed) {
    if (typed >= 'a' && typed <= 'z')
        typed = (char)(typed - 'a' + 'A');
    if (typed == 'O')
        return '0';
    if (typed == 'I' || typed == 'L')
        return '1';
    return typed && strchr(ALPHABET, typed) ? typed : 0;
}

bool jc_one_time_hash(struct jc_str typed, uint8_t hash[JC_SHA256_SIZE]) {
    char digits[ONE_TIME_DIGITS];
    size_t count = 0;
    for (size_t i = 0; i < typed.len; i++) {
        if (typed.ptr[i] == '-' || typed.ptr[i] == ' ')
            continue;
        char digit = digit_of(typed.ptr[i]);
        if (!digit || count == ONE_TIME_DIGITS)
            return false;
        digits[count++] = digit;
    }
    if (count == ONE_TIME_DIGITS)
        jc_sha256((struct jc_str){digits, count}, hash);
    jc_secret_forget(digits, sizeof digits);
    return count == ONE_TIME_DIGITS;
}
