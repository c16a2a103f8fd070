/* An address as limits count it: IPv4 whole, IPv6 by its first 64 bits, which are what one customer gets. */
#ifndef JC_HTTP_ADDRESS_H
#define JC_HTTP_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum {
    JC_ADDRESS_KEY = 8,
    JC_ADDRESS_TEXT = 46, /* of an IPv6 address at its longest, with its NUL */
};

void jc_address_key(const struct sockaddr *address, uint8_t key[JC_ADDRESS_KEY]);
/* This machine itself: 127.0.0.0/8, ::1, and the former written as IPv6. */
bool jc_address_is_loopback(const struct sockaddr *address);
/* As people write it, without the port; empty for NULL and for families we do not know. Returns `text`. */
const char *jc_address_print(const struct sockaddr *address, char text[JC_ADDRESS_TEXT]);

#endif
