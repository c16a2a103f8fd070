/* Addresses of families we do not know share one key. */
#include "http/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

void jc_address_key(const struct sockaddr *address, uint8_t key[JC_ADDRESS_KEY]) {
    memset(key, 0, JC_ADDRESS_KEY);
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        memcpy(key, &v4->sin_addr, sizeof v4->sin_addr);
        key[JC_ADDRESS_KEY - 1] = 4;
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;
        memcpy(key, &v6->sin6_addr, JC_ADDRESS_KEY);
    }
}

const char *jc_address_print(const struct sockaddr *address, char text[JC_ADDRESS_TEXT]) {
    const void *bytes = NULL;
    text[0] = '\0';
    if (address && address->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    else if (address && address->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    if (bytes)
        inet_ntop(address->sa_family, bytes, text, JC_ADDRESS_TEXT);
    return text;
}

bool jc_address_is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)(const void *)address)->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    if (address->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == IN_LOOPBACKNET);
}
